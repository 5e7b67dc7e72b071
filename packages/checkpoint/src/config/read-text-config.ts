import { ConfigError } from '@vlmkit/core';
import {
  type FieldReader,
  flag,
  listOf,
  nonNegativeInteger,
  oneOf,
  positiveInteger,
  positiveNumber,
} from './field-reader.js';
import type { ModelFamily, TextConfig } from './model-config.js';

/** What config.json may leave out, from the reference's configuration classes. */
interface TextDefaults {
  readonly rmsNormEps: number;
  readonly ropeTheta: number;
  readonly maxWindowLayers: number;
}

const visionLanguageDefaults: TextDefaults = { rmsNormEps: 1e-5, ropeTheta: 1_000_000, maxWindowLayers: 80 };
const textDefaults: TextDefaults = { rmsNormEps: 1e-6, ropeTheta: 10_000, maxWindowLayers: 28 };

/**
 * Reads the decoder's fields from the object that holds them: `text_config`, or the whole file in the flat layout.
 * Defaults: transformers' configuration_qwen2_5_vl.py, configuration_qwen2_vl.py and configuration_qwen2.py.
 *
 * @throws ConfigError naming a field that is missing, malformed or states something that cannot be run.
 */
export function readTextConfig(fields: FieldReader, family: ModelFamily): TextConfig {
  const defaults = family === 'qwen2' ? textDefaults : visionLanguageDefaults;
  const hiddenSize = fields.required('hidden_size', positiveInteger);
  const numAttentionHeads = fields.required('num_attention_heads', positiveInteger);
  const headDim = readHeadDim(fields, hiddenSize, numAttentionHeads);
  const numKeyValueHeads = fields.optional('num_key_value_heads', positiveInteger, numAttentionHeads);
  if (numAttentionHeads % numKeyValueHeads !== 0) {
    throw fields.error('num_key_value_heads', { must: `must divide num_attention_heads (${numAttentionHeads})` });
  }
  const numHiddenLayers = fields.required('num_hidden_layers', positiveInteger);
  const maxPositionEmbeddings = fields.optional('max_position_embeddings', positiveInteger, 32_768);
  refuseSlidingWindow(fields, { numHiddenLayers, maxPositionEmbeddings, maxWindowLayers: defaults.maxWindowLayers });
  return {
    vocabSize: fields.required('vocab_size', positiveInteger),
    hiddenSize,
    intermediateSize: fields.required('intermediate_size', positiveInteger),
    numHiddenLayers,
    numAttentionHeads,
    numKeyValueHeads,
    headDim,
    hiddenAct: fields.optional('hidden_act', oneOf('silu'), 'silu'),
    rmsNormEps: fields.optional('rms_norm_eps', positiveNumber, defaults.rmsNormEps),
    ...readRotary(fields, { family, headDim, defaultTheta: defaults.ropeTheta }),
    maxPositionEmbeddings,
  };
}

function readHeadDim(fields: FieldReader, hiddenSize: number, heads: number): number {
  const headDim = fields.optional('head_dim', positiveInteger, undefined);
  if (headDim === undefined && hiddenSize % heads !== 0) {
    throw fields.error('num_attention_heads', {
      must: `must divide hidden_size (${hiddenSize}) when no head_dim is stated`,
    });
  }
  const width = headDim ?? hiddenSize / heads;
  if (width % 2 === 0) return width;
  throw fields.error(headDim === undefined ? 'num_attention_heads' : 'head_dim', {
    must: `must make heads of an even width for rotary positions, not ${width}`,
  });
}

/** The rotary fields: `rope_scaling` and `rope_theta` in published files, `rope_parameters` with both in newer ones. */
function readRotary(
  fields: FieldReader,
  context: { readonly family: ModelFamily; readonly headDim: number; readonly defaultTheta: number },
): Pick<TextConfig, 'ropeTheta' | 'mropeSection'> {
  const rotary = fields.nested('rope_scaling') ?? fields.nested('rope_parameters');
  const ropeTheta =
    rotary?.optional('rope_theta', positiveNumber, undefined) ??
    fields.optional('rope_theta', positiveNumber, undefined) ??
    fields.nested('rope_parameters')?.optional('rope_theta', positiveNumber, undefined) ??
    context.defaultTheta;
  if (rotary) refuseScaling(rotary, context.family);
  if (context.family === 'qwen2') return { ropeTheta };
  if (!rotary) {
    throw fields.error('rope_scaling', { must: 'must state mrope_section (rope_parameters in newer files)' });
  }
  const [temporal = 0, height = 0, width = 0, ...rest] = rotary.required('mrope_section', listOf(positiveInteger));
  const sum = temporal + height + width;
  if (width === 0 || rest.length > 0 || sum * 2 !== context.headDim) {
    throw rotary.error('mrope_section', {
      must: `must have three parts that sum to half the head width (${context.headDim / 2})`,
    });
  }
  return { ropeTheta, mropeSection: [temporal, height, width] };
}

function refuseScaling(rotary: FieldReader, family: ModelFamily): void {
  const field = rotary.has('rope_type') ? 'rope_type' : 'type';
  const kind = rotary.raw(field) ?? 'default';
  if (kind === 'default' || kind === 'mrope') return;
  const name = kind === 'yarn' ? 'YaRN' : JSON.stringify(kind);
  // Of a vision-language model the object also holds mrope_section, so it has to stay.
  const change =
    family === 'qwen2'
      ? 'Remove the scaling'
      : `Set it to "${field === 'type' ? 'mrope' : 'default'}" and keep mrope_section`;
  throw rotary.error(field, {
    must: `asks for ${name} rotary scaling, which vlmkit does not have, and must be "default" or "mrope"`,
    remedy: `${change} to run the model within its original context length.`,
  });
}

/** Sliding windows are not built. They do no harm where no layer has one or none is shorter than the context. */
function refuseSlidingWindow(
  fields: FieldReader,
  limits: {
    readonly numHiddenLayers: number;
    readonly maxPositionEmbeddings: number;
    readonly maxWindowLayers: number;
  },
): void {
  if (!fields.optional('use_sliding_window', flag, false)) return;
  const window = fields.has('sliding_window') ? fields.required('sliding_window', positiveInteger) : 4096;
  if (fields.raw('sliding_window') === null || window >= limits.maxPositionEmbeddings) return;
  const layerTypes = fields.raw('layer_types');
  const slides = Array.isArray(layerTypes)
    ? layerTypes.includes('sliding_attention')
    : fields.optional('max_window_layers', nonNegativeInteger, limits.maxWindowLayers) < limits.numHiddenLayers;
  if (!slides) return;
  throw new ConfigError(`${fields.path('use_sliding_window')} of config.json asks for sliding-window attention.`, {
    expected: `false, or a window of at least max_position_embeddings (${limits.maxPositionEmbeddings})`,
    actual: `a window of ${window} tokens`,
    remedy: 'vlmkit attends over the whole context only: set use_sliding_window to false if the model allows it.',
  });
}
