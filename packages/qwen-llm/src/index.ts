export { createQwenLlm, type QwenLlmOptions } from './backbone.js';
export { type CacheNames, cacheNames } from './cache-names.js';
export type { TokenConstraint } from './constraint.js';
export type { DecoderConfig } from './decoder-config.js';
export { buildDecoderGraph, type DecoderGraphOptions } from './decoder-graph.js';
export type { PromptLookup } from './drafter.js';
export { type GeneratedToken, type GenerateTokensOptions, generateTokens } from './generate.js';
export * from './sampling/index.js';
