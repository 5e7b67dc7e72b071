import { ConfigError } from '@vlmkit/core';
import { describeJson, type JsonObject } from '../files/json.js';
import { type FieldReader, fieldReader, flag, oneOf } from './field-reader.js';
import type { ModelConfig, ModelFamily, QuantizationConfig } from './model-config.js';
import { readTextConfig } from './read-text-config.js';
import { readVisionConfig, readVisualTokenIds } from './read-vision-config.js';

const families: readonly ModelFamily[] = ['qwen2_5_vl', 'qwen2_vl', 'qwen2'];

/**
 * Reads config.json, in the flat layout of the published checkpoints or the nested one of transformers 5.
 *
 * @throws ConfigError naming the field that is missing, malformed or states something that vlmkit cannot run.
 */
export function readModelConfig(config: JsonObject): ModelConfig {
  const family = families.find((name) => name === config.model_type);
  if (!family) {
    throw new ConfigError(
      `config.json is of model_type ${describeJson(config.model_type)}, which vlmkit does not run.`,
      {
        expected: families.join(', '),
        remedy: 'Use a checkpoint of the Qwen2.5-VL, Qwen2-VL or Qwen2.5 text family.',
      },
    );
  }
  const root = fieldReader('config.json', config);
  const nestedText = root.nested('text_config');
  const text = readTextConfig(nestedText ?? root, family);
  const quantization = readQuantization(root);
  const shared = {
    family,
    text,
    tieWordEmbeddings:
      root.optional('tie_word_embeddings', flag, false) ||
      (nestedText?.optional('tie_word_embeddings', flag, false) ?? false),
    ...(quantization && { quantization }),
  };
  if (family === 'qwen2') return shared;
  const visionFields = root.nested('vision_config');
  if (!visionFields) throw root.error('vision_config', { must: `must be there for model_type ${family}` });
  return {
    ...shared,
    vision: readVisionConfig(visionFields, family, text),
    tokens: readVisualTokenIds(root, text.vocabSize),
  };
}

function readQuantization(root: FieldReader): QuantizationConfig | undefined {
  const fields = root.nested('quantization_config');
  if (!fields) return undefined;
  if (fields.raw('quant_method') !== 'vlmkit') {
    throw fields.error('quant_method', {
      must: 'must be "vlmkit": weights quantised by other tools are not read',
      remedy: 'Use the unquantised checkpoint; `vlmkit convert` quantises it.',
    });
  }
  return { quantMethod: 'vlmkit', dtype: fields.required('dtype', oneOf('q4', 'q8')) };
}
