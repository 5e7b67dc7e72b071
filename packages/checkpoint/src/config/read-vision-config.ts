import type { VisualTokenIds } from '@vlmkit/core';
import {
  type FieldReader,
  type FieldRule,
  listOf,
  nonNegativeInteger,
  oneOf,
  positiveInteger,
  positiveNumber,
  tokenId,
} from './field-reader.js';
import type { TextConfig, VisionConfig } from './model-config.js';

/** A size that may be given once or as a list of equal sizes. */
const uniformSize: FieldRule<number | readonly number[]> = {
  words: 'a positive integer, or a list of equal ones',
  accepts: (value): value is number | readonly number[] =>
    positiveInteger.accepts(value) ||
    (listOf(positiveInteger).accepts(value) && value.length > 0 && value.every((size) => size === value[0])),
};

/** What the reference's configuration classes assume of a field that is left out. */
const defaults = {
  depth: 32,
  numHeads: 16,
  inChannels: 3,
  patchSize: 14,
  temporalPatchSize: 2,
  spatialMergeSize: 2,
  /** Of Qwen2.5-VL's encoder, and of the decoder for both. */
  hiddenSize: 3584,
  gated: { intermediateSize: 3420, windowSize: 112, fullAttentionBlocks: [7, 15, 23, 31], tokensPerSecond: 4 },
  plain: { embedDim: 1280, mlpRatio: 4 },
} as const;

/**
 * Reads `vision_config`. Defaults: transformers' configuration_qwen2_5_vl.py and configuration_qwen2_vl.py. Files saved by
 * transformers 4.49 state only what differs from them. `in_chans` and `spatial_patch_size` of early files mean nothing to the
 * reference, and nothing here.
 *
 * @throws ConfigError naming a field that is missing, malformed or inconsistent with others.
 */
export function readVisionConfig(
  fields: FieldReader,
  family: 'qwen2_5_vl' | 'qwen2_vl',
  text: TextConfig,
): VisionConfig {
  const depth = fields.optional('depth', positiveInteger, defaults.depth);
  const numHeads = fields.optional('num_heads', positiveInteger, defaults.numHeads);
  const variant = family === 'qwen2_5_vl' ? readGatedWindowed(fields, depth) : readPlain(fields);
  if (variant.hiddenSize % numHeads !== 0 || (variant.hiddenSize / numHeads) % 4 !== 0) {
    throw fields.error('num_heads', {
      must: `must divide the width ${variant.hiddenSize} into heads of a multiple of 4, for rotary positions on two axes`,
    });
  }
  if (variant.outHiddenSize !== text.hiddenSize) {
    throw fields.error(family === 'qwen2_5_vl' ? 'out_hidden_size' : 'hidden_size', {
      must: `must equal the decoder's hidden_size (${text.hiddenSize}); its default is ${defaults.hiddenSize}`,
    });
  }
  const vision: VisionConfig = {
    ...variant,
    depth,
    numHeads,
    headDim: variant.hiddenSize / numHeads,
    normEps: 1e-6,
    ropeTheta: fields.nested('rope_parameters')?.optional('rope_theta', positiveNumber, undefined) ?? 10_000,
    inChannels: fields.optional('in_channels', positiveInteger, defaults.inChannels),
    patchSize: readUniform(fields, 'patch_size', defaults.patchSize),
    temporalPatchSize: readUniform(fields, 'temporal_patch_size', defaults.temporalPatchSize),
    spatialMergeSize: fields.optional('spatial_merge_size', positiveInteger, defaults.spatialMergeSize),
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
  const { intermediateSize, windowSize, tokensPerSecond } = defaults.gated;
  return {
    hiddenSize: fields.optional('hidden_size', positiveInteger, defaults.hiddenSize),
    intermediateSize: fields.optional('intermediate_size', positiveInteger, intermediateSize),
    hiddenAct: fields.optional('hidden_act', oneOf('silu', 'quick_gelu'), 'silu'),
    feedForward: 'gated',
    norm: 'rms',
    outHiddenSize: fields.optional('out_hidden_size', positiveInteger, defaults.hiddenSize),
    window: {
      windowSize: fields.optional('window_size', positiveInteger, windowSize),
      fullAttentionBlocks: readFullAttentionBlocks(fields, depth),
    },
    tokensPerSecond: fields.optional('tokens_per_second', positiveNumber, tokensPerSecond),
  };
}

/** The default is made for 32 blocks, whether the file states it or not: of a shorter encoder it names those that there are. */
function readFullAttentionBlocks(fields: FieldReader, depth: number): readonly number[] {
  const standard: readonly number[] = defaults.gated.fullAttentionBlocks;
  const blocks = fields.optional('fullatt_block_indexes', listOf(nonNegativeInteger), standard);
  const present = blocks.filter((index) => index < depth);
  if (present.length === blocks.length || blocks.join() === standard.join()) return present;
  throw fields.error('fullatt_block_indexes', { must: `must name blocks below depth (${depth})` });
}

function readPlain(fields: FieldReader): Variant {
  const hiddenSize = fields.optional('embed_dim', positiveInteger, defaults.plain.embedDim);
  const ratio = fields.optional('mlp_ratio', positiveNumber, defaults.plain.mlpRatio);
  return {
    hiddenSize,
    intermediateSize: Math.trunc(hiddenSize * ratio),
    hiddenAct: fields.optional('hidden_act', oneOf('silu', 'quick_gelu'), 'quick_gelu'),
    feedForward: 'plain',
    norm: 'layer',
    outHiddenSize: fields.optional('hidden_size', positiveInteger, defaults.hiddenSize),
  };
}

function readUniform(fields: FieldReader, name: string, fallback: number): number {
  const value = fields.optional(name, uniformSize, fallback);
  return typeof value === 'number' ? value : (value[0] ?? fallback);
}

/**
 * Reads the ids of the placeholder tokens; the defaults are those of every published checkpoint.
 *
 * @throws ConfigError for an id outside the vocabulary.
 */
export function readVisualTokenIds(fields: FieldReader, vocabSize: number): VisualTokenIds {
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
