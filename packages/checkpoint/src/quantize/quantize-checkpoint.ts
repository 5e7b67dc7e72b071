import { ConfigError } from '@vlmkit/core';
import type { Checkpoint } from '../open-checkpoint.js';
import { checkUnused } from '../weights/check-unused.js';
import { quantizationState } from './quantization-config.js';
import { type QuantizeOptions, quantizeWeights } from './quantize-weights.js';

/**
 * Quantises a checkpoint while loading, for models small enough to hold the result in memory. For larger models, convert
 * once with `convertCheckpoint`.
 *
 * @throws ConfigError when it is quantised already.
 * @throws WeightError when a weight cannot be stored in the new type.
 * @throws AbortError when `signal` is aborted.
 */
export async function quantizeCheckpoint(checkpoint: Checkpoint, options: QuantizeOptions): Promise<Checkpoint> {
  refuseQuantized(checkpoint);
  const weights = await quantizeWeights(checkpoint.weights, options);
  const quantization = quantizationState(options);
  return {
    ...checkpoint,
    config: { ...checkpoint.config, ...(quantization && { quantization }) },
    weights,
    checkUnused: (used) => checkUnused(weights, used),
  };
}

/** Refuses a checkpoint that is quantised already. @throws ConfigError for one. */
export function refuseQuantized({ config, files }: Checkpoint): void {
  if (!config.quantization) return;
  throw new ConfigError(`${files.label} is quantised already, as ${config.quantization.dtype}.`, {
    remedy: 'Start from the original checkpoint: quantising twice only loses precision.',
  });
}
