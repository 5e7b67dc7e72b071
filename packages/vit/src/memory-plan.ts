import type { DeviceProfile, GridThw } from '@vlmkit/core';
import { patchValues, type VitConfig } from './config.js';
import { scoreBytes } from './frame-attention.js';
import type { VitPrecision } from './precision.js';

/** Arguments of {@link planVitMemory}. */
export interface VitMemoryInput {
  readonly config: VitConfig;
  /** Grids of the segments of one run. */
  readonly grids: readonly GridThw[];
  /** Patches computed at a time between full-attention blocks. */
  readonly pageRows: number;
  /** What dense layers compute in (default `float32`). */
  readonly dtype?: VitPrecision | undefined;
  /** The device's kind of attention (default `fused`). */
  readonly attention?: DeviceProfile['attention'] | undefined;
}

/** Bytes that the encoder needs. Nothing in it grows faster than the number of patches. */
export interface VitMemoryPlan {
  readonly patches: number;
  /** Weights as the device computes with them. */
  readonly weights: number;
  /** Patches and rotary tables as they are fed. */
  readonly inputs: number;
  /** Most activations that span the whole run at one time. */
  readonly features: number;
  /** Activations of one page, and the scores of one tile. */
  readonly page: number;
  /** The most memory at one time. */
  readonly peak: number;
}

/**
 * While full attention runs, these span the run, [p, e] each: the state; queries, keys and values by page, by patch, and by
 * head inside the kernel; what attention returns, and its copy in the order of the patches: twelve, and what the
 * allocator rounds up. In tiles, keys and values are laid out anew, and the tiles are joined and cut.
 */
const spanningTensors = { fused: 14, composed: 19 } as const;

/**
 * Foretells the encoder's memory from the sizes alone.
 *
 * Legend:
 * - p: patches of the run   - e: width of the encoder   - i: width of the feed-forward layer   - r: rows of a page
 */
export function planVitMemory(input: VitMemoryInput): VitMemoryPlan {
  const { config, grids, pageRows, dtype = 'float32', attention = 'fused' } = input;
  const { depth, hiddenSize: e, intermediateSize: i, headDim } = config;
  const patches = grids.reduce((sum, [t, h, w]) => sum + t * h * w, 0);
  const wide = dtype === 'float16' ? 2 : 4;
  const denseWeights = depth * (4 * e * e + (config.feedForward === 'gated' ? 3 : 2) * e * i);
  const weights = denseWeights * (dtype === 'int8' ? 1 : wide) + patchValues(config) * e * wide;
  const inputs = 4 * patches * (patchValues(config) + headDim);
  const features = spanningTensors[attention] * patches * e * 4;
  const rows = Math.min(patches, Math.max(pageRows, windowPatches(config)));
  // Feed-forward: gate, up, their product and its integers; attention: twice queries, keys, values and its result.
  const page = 4 * rows * (4 * i + 10 * e) + (attention === 'composed' ? 4 * scoreBytes : 0);
  return { patches, weights, inputs, features, page, peak: weights + inputs + features + page };
}

/** Patches of a whole window. */
function windowPatches({ window, patchSize }: VitConfig): number {
  return window ? Math.floor(window.windowSize / patchSize) ** 2 : 1;
}
