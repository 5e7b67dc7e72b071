import type { GenerationConfig } from '@vlmkit/checkpoint';
import type { SamplingOptions } from '@vlmkit/qwen-llm';

/** The sampling that a checkpoint asks for, in the sampler's terms. */
export function samplingDefaults(generation: GenerationConfig): SamplingOptions {
  const { doSample, temperature, topK, topP, minP, repetitionPenalty } = generation;
  return { doSample, temperature, topK, topP, minP, repetitionPenalty };
}

/**
 * The checkpoint's sampling with what the caller asked for in its place. Asking for a temperature asks for sampling, also
 * where the checkpoint is greedy by default; a temperature of 0 is greedy.
 */
export function requestedSampling(defaults: SamplingOptions, asked: SamplingOptions): SamplingOptions {
  const given = Object.fromEntries(Object.entries(asked).filter(([, value]) => value !== undefined)) as SamplingOptions;
  return { ...defaults, ...(given.temperature !== undefined && { doSample: true }), ...given };
}
