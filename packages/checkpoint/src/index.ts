export { type GenerationConfig, readGenerationConfig } from './config/generation-config.js';
export type * from './config/model-config.js';
export { readModelConfig } from './config/read-config.js';
export * from './files/blob-files.js';
export {
  type CheckpointFiles,
  type JsonObject,
  type LocalFile,
  readJson,
  readOptionalJson,
} from './files/checkpoint-files.js';
export * from './files/http-files.js';
export * from './files/memory-files.js';
export * from './open-checkpoint.js';
export { encodeSafetensors } from './safetensors/encode.js';
export { readSafetensorsHeader, type SafetensorsEntry, type SafetensorsHeader } from './safetensors/header.js';
export { canonicalName, closestName } from './weights/names.js';
export { openWeights, weightSource } from './weights/open-weights.js';
export { openWeightFile } from './weights/weight-files.js';
