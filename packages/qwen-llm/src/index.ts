export { createQwenLlm, type QwenLlmOptions } from './backbone.js';
export { type CacheNames, cacheNames } from './cache-names.js';
export type { DecoderConfig } from './decoder-config.js';
export { buildDecoderGraph, type DecoderGraphOptions } from './decoder-graph.js';
export { type GenerateTokensOptions, generateTokens } from './generate.js';
export * from './sampling/index.js';
