import {
  type FieldReader,
  type FieldRule,
  listOf,
  oneOf,
  positiveInteger,
  positiveNumber,
  tokenId,
} from './field-reader.js';
import type { TextConfig, VisionConfig, VisionTokens } from './model-config.js';

/** A size that may be given once or as a list of equal sizes. */
const uniformSize: FieldRule<number | readonly number[]> = {
  words: 'a positive integer, or a list of equal ones',
  accepts: (value): value is number | readonly number[] =>
    positiveInteger.accepts(value) ||
    (listOf(positiveInteger).accepts(value) && value.length > 0 && value.every((size) => size === value[0])),
};

/**
 * Reads `vision_config`. Defaults: transformers' configuration_qwen2_5_vl.py and configuration_qwen2_vl.py.
 *
 * @throws ConfigError naming a field that is missing, malformed or inconsistent with others.
 */
export function readVisionConfig(
  fields: FieldReader,
  family: 'qwen2_5_vl' | 'qwen2_vl',
  text: TextConfig,
): VisionConfig {
  const depth = fields.required('depth', positiveInteger);
  const numHeads = fields.required('num_heads', positiveInteger);
  const variant = family === 'qwen2_5_vl' ? readGatedWindowed(fields, depth) : readPlain(fields);
  if (variant.hiddenSize % numHeads !== 0 || (variant.hiddenSize / numHeads) % 4 !== 0) {
    throw fields.error('num_heads', {
      must: `must divide the width ${variant.hiddenSize} into heads of a multiple of 4, for rotary positions on two axes`,
    });
  }
  if (variant.outHiddenSize !== text.hiddenSize) {
    throw fields.error(family === 'qwen2_5_vl' ? 'out_hidden_size' : 'hidden_size', {
      must: `must equal the decoder's hidden_size (${text.hiddenSize})`,
    });
  }
  const vision: VisionConfig = {
    ...variant,
    depth,
    numHeads,
    headDim: variant.hiddenSize / numHeads,
    normEps: 1e-6,
    ropeTheta: fields.nested('rope_parameters')?.optional('rope_theta', positiveNumber, undefined) ?? 10_000,
    inChannels:
      fields.optional('in_channels', positiveInteger, undefined) ?? fields.optional('in_chans', positiveInteger, 3),
    patchSize: readUniform(fields, 'patch_size', 14),
    temporalPatchSize: readUniform(fields, 'temporal_patch_size', 2),
    spatialMergeSize: fields.optional('spatial_merge_size', positiveInteger, 2),
  };
  const unit = vision.patchSize * vision.spatialMergeSize;
  if (vision.window && vision.window.windowSize < unit) {
    throw fields.error('window_size', { must: `must be at least patch_size * spatial_merge_size (${unit})` });
  }
  return vision;
}

type Variant = Pick<
  VisionConfig,
  | 'hiddenSize'
  | 'intermediateSize'
  | 'hiddenAct'
  | 'feedForward'
  | 'norm'
  | 'outHiddenSize'
  | 'window'
  | 'tokensPerSecond'
>;

function readGatedWindowed(fields: FieldReader, depth: number): Variant {
  const blocks = fields.optional('fullatt_block_indexes', listOf(tokenId), [7, 15, 23, 31]);
  if (blocks.some((index) => index >= depth)) {
    throw fields.error('fullatt_block_indexes', { must: `must name blocks below depth (${depth})` });
  }
  return {
    hiddenSize: fields.required('hidden_size', positiveInteger),
    intermediateSize: fields.required('intermediate_size', positiveInteger),
    hiddenAct: fields.optional('hidden_act', oneOf('silu', 'quick_gelu'), 'silu'),
    feedForward: 'gated',
    norm: 'rms',
    outHiddenSize: fields.required('out_hidden_size', positiveInteger),
    window: {
      windowSize: fields.optional('window_size', positiveInteger, 112),
      fullAttentionBlocks: blocks,
    },
    tokensPerSecond: fields.optional('tokens_per_second', positiveNumber, 4),
  };
}

function readPlain(fields: FieldReader): Variant {
  const hiddenSize = fields.required('embed_dim', positiveInteger);
  const ratio = fields.optional('mlp_ratio', positiveNumber, 4);
  return {
    hiddenSize,
    intermediateSize: Math.trunc(hiddenSize * ratio),
    hiddenAct: fields.optional('hidden_act', oneOf('silu', 'quick_gelu'), 'quick_gelu'),
    feedForward: 'plain',
    norm: 'layer',
    outHiddenSize: fields.required('hidden_size', positiveInteger),
  };
}

function readUniform(fields: FieldReader, name: string, fallback: number): number {
  const value = fields.optional(name, uniformSize, fallback);
  return typeof value === 'number' ? value : (value[0] ?? fallback);
}

/**
 * Reads the ids of the vision tokens; the defaults are those of every published checkpoint.
 *
 * @throws ConfigError for an id outside the vocabulary.
 */
export function readVisionTokens(fields: FieldReader, vocabSize: number): VisionTokens {
  const read = (name: string, fallback: number): number => {
    const id = fields.optional(name, tokenId, fallback);
    if (id < vocabSize) return id;
    throw fields.error(name, { must: `must be below vocab_size (${vocabSize}); its default is ${fallback}` });
  };
  return {
    image: read('image_token_id', 151_655),
    video: read('video_token_id', 151_656),
  };
}
