export { type GenerationConfig, readGenerationConfig } from './config/generation-config.js';
export type * from './config/model-config.js';
export { readModelConfig } from './config/read-config.js';
export * from './convert/convert-checkpoint.js';
export type { CheckpointTarget, TargetFile } from './convert/target.js';
export * from './files/blob-files.js';
export type { CheckpointFiles, LocalFile } from './files/checkpoint-files.js';
export * from './files/http-files.js';
export { type JsonObject, readJson, readOptionalJson } from './files/json.js';
export * from './files/memory-files.js';
export * from './open-checkpoint.js';
export type { QuantBits } from './quantize/block-scale.js';
export { quantizeCheckpoint } from './quantize/quantize-checkpoint.js';
export {
  type QuantizedRows,
  type QuantizeRowsInput,
  quantizeRows,
  type RowQuantizer,
} from './quantize/quantize-rows.js';
export type { QuantizeOptions } from './quantize/quantize-weights.js';
export type { BlockSize, GroupDtype, SchemeOptions, TargetDtype } from './quantize/scheme.js';
export { encodeSafetensors, type TensorDeclaration } from './safetensors/encode.js';
export { readSafetensorsHeader, type SafetensorsEntry, type SafetensorsHeader } from './safetensors/header.js';
export * from './safetensors/writer.js';
export { openWeights } from './weights/open-weights.js';
export { openWeightFile } from './weights/weight-files.js';
