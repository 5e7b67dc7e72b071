import type { QuantizationConfig } from '../config/model-config.js';
import type { JsonObject } from '../files/json.js';
import { quantizationScheme, type SchemeOptions } from './scheme.js';

/** The `quantization_config` of config.json for weights so quantised; undefined for float16, which needs none. */
export function quantizationConfig(options: SchemeOptions): JsonObject | undefined {
  if (options.dtype === 'fp16') return undefined;
  return {
    quant_method: 'vlmkit',
    dtype: options.dtype,
    bits: options.dtype === 'q4' ? 4 : 8,
    symmetric: options.dtype === 'q8',
    scale_dtype: 'float32',
    groups: quantizationScheme(options),
  };
}

/** The same as the reader of config.json presents it. */
export function quantizationState({ dtype }: SchemeOptions): QuantizationConfig | undefined {
  return dtype === 'fp16' ? undefined : { quantMethod: 'vlmkit', dtype };
}
