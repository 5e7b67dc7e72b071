import type { GenerationConfig } from '@vlmkit/checkpoint';
import type { SamplingOptions } from '@vlmkit/qwen-llm';

/** The sampling that a checkpoint asks for, in the sampler's terms. */
export function samplingDefaults(generation: GenerationConfig): SamplingOptions {
  const { doSample, temperature, topK, topP, minP, repetitionPenalty } = generation;
  return doSample ? { doSample, temperature, topK, topP, minP, repetitionPenalty } : { doSample, repetitionPenalty };
}
