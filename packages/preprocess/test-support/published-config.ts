import type { ImagePreprocessorConfig } from '../src/preprocessor-config.js';

/** What the published checkpoints of Qwen2.5-VL state. */
export const publishedConfig: ImagePreprocessorConfig = {
  minPixels: 3136,
  maxPixels: 12_845_056,
  patchSize: 14,
  temporalPatchSize: 2,
  mergeSize: 2,
  mean: [0.48145466, 0.4578275, 0.40821073],
  std: [0.26862954, 0.26130258, 0.27577711],
};
