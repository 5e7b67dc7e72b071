import { ConfigError, isFloatType, type WeightInfo } from '@vlmkit/core';
import type { QuantBits } from './block-scale.js';

/** What weights are converted to. */
export type TargetDtype = 'q4' | 'q8' | 'fp16';

/** How one group of weights is stored; `keep` leaves it as it is. */
export type GroupDtype = TargetDtype | 'keep';

/** How each group of weights is stored. */
export interface QuantizationScheme {
  /** The decoder's linear layers. With q4, those of keys and values take 8 bits: they are few, and tell the most. */
  readonly decoder: GroupDtype;
  /** The embedding table and the head. */
  readonly embedding: GroupDtype;
  /** The vision encoder's linear layers, and the merger's. */
  readonly vision: GroupDtype;
  /** Everything else: norms, biases, the patch embedding. Never quantised. */
  readonly rest: 'fp16' | 'keep';
  /** Whether the decoder's linear layers are stored as 8-bit integers too, which long prompts are computed with. */
  readonly prefill: 'int8' | 'none';
  /** Weights that share a scale; the type's own default when left out. */
  readonly blockSize?: BlockSize | undefined;
}

/** Options by which a scheme is made. */
export interface SchemeOptions {
  readonly dtype: TargetDtype;
  /** The embedding table and the head; `dtype` when left out. */
  readonly embedding?: GroupDtype | undefined;
  /** The vision encoder; as it is (`fp16` for dtype fp16) when left out. */
  readonly vision?: GroupDtype | undefined;
  /** Norms, biases and the patch embedding; as they are (`fp16` for dtype fp16) when left out. */
  readonly rest?: 'fp16' | 'keep' | undefined;
  /**
   * `int8`: also store the decoder's linear layers as 8-bit integers, a byte a weight. CPUs then compute long prompts
   * about twice as fast; other devices leave them alone. For q4 and q8 only.
   */
  readonly prefill?: 'int8' | undefined;
  /**
   * Most weights that share a scale (default 128 for q4, 32 for q8); fewer where that does not divide a matrix. Larger
   * blocks take less memory and run faster, smaller ones are closer to the original.
   */
  readonly blockSize?: BlockSize | undefined;
}

/**
 * Fills in what the options leave out.
 *
 * @throws ConfigError for 8-bit integers beside float16.
 */
export function quantizationScheme(options: SchemeOptions): QuantizationScheme {
  const { dtype, embedding, vision, rest, prefill, blockSize } = options;
  const float = dtype === 'fp16' ? 'fp16' : 'keep';
  if (prefill && dtype === 'fp16') {
    throw new ConfigError('8-bit integers for prompts are stored beside quantised weights only.', {
      expected: 'dtype q4 or q8',
      actual: dtype,
      remedy: 'Choose q8, which is close to float16, or leave out the integers.',
    });
  }
  return {
    decoder: dtype,
    embedding: embedding ?? dtype,
    vision: vision ?? float,
    rest: rest ?? float,
    prefill: prefill ?? 'none',
    ...(blockSize && { blockSize }),
  };
}

/** The groups by canonical name. Names that match none belong to `rest`. */
const groups: readonly (readonly [RegExp, 'decoder' | 'embedding' | 'vision'])[] = [
  [/^model\.layers\.\d+\.(self_attn\.[qkvo]_proj|mlp\.(gate|up|down)_proj)\.weight$/, 'decoder'],
  [/^(model\.embed_tokens|lm_head)\.weight$/, 'embedding'],
  [/^visual\.blocks\.\d+\.(attn\.(qkv|proj)|mlp\.((gate|up|down)_proj|fc[12]))\.weight$/, 'vision'],
  [/^visual\.merger\.mlp\.\d+\.weight$/, 'vision'],
];

/** How one tensor is stored. */
export type TensorTreatment =
  | { readonly kind: 'keep' }
  | { readonly kind: 'fp16' }
  | {
      readonly kind: 'blocks';
      readonly bits: QuantBits;
      readonly blockSize: number;
      /** Whether every block has a zero of its own. */
      readonly zeros: boolean;
      /** Whether 8-bit integers are stored beside the blocks. */
      readonly int8: boolean;
    };

/** Weights that share a scale. */
export type BlockSize = 16 | 32 | 64 | 128;

/** Block sizes in order of preference; onnxruntime takes powers of two from 16. */
const blockSizes: readonly BlockSize[] = [128, 64, 32, 16];

/** What a quantised type is stored in when nothing else is asked for. */
const defaultBlockSizes = { 4: 128, 8: 32 } as const;

/**
 * Layers that are stored in 8 bits where the others take 4. Grouped queries leave keys and values few rows, each read by
 * several heads: one weight in 70 of the 3B decoder, and a third of what 4 bits cost a model's logits.
 */
const keysAndValues = /^model\.layers\.\d+\.self_attn\.[kv]_proj\.weight$/;

/** How a scheme stores a tensor. A matrix whose columns no block size divides is not quantised. */
export function treatmentOf(info: WeightInfo, scheme: QuantizationScheme): TensorTreatment {
  const group = groups.find(([pattern]) => pattern.test(info.name))?.[1] ?? 'rest';
  const dtype = scheme[group];
  if (!isFloatType(info.dtype) || dtype === 'keep') return { kind: 'keep' };
  if (dtype === 'fp16') return info.dtype === 'float16' ? { kind: 'keep' } : { kind: 'fp16' };
  const [, columns = 0] = info.dims;
  const bits = dtype === 'q4' && !keysAndValues.test(info.name) ? 4 : 8;
  const largest = scheme.blockSize ?? defaultBlockSizes[bits];
  const blockSize = blockSizes.find((size) => size <= largest && columns % size === 0);
  if (info.dims.length !== 2 || columns === 0 || blockSize === undefined) return { kind: 'keep' };
  const int8 = group === 'decoder' && scheme.prefill === 'int8';
  return { kind: 'blocks', bits, blockSize, zeros: bits === 4, int8 };
}
