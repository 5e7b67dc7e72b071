export type { TokenHistory } from './history.js';
export { logSumExp, type TokenLogprob, topLogprobs } from './log-probabilities.js';
export { type ResolvedSampling, resolveSampling, type SamplingOptions } from './options.js';
export { type PromptLookupOptions, proposeFromPrompt } from './prompt-lookup.js';
export { createSampler, type SampledToken, type Sampler } from './sampler.js';
export { createStopper, type StopOptions, type Stopper, type StopReason, type StopStep } from './stopper.js';
export type { TokenMask } from './token-mask.js';
