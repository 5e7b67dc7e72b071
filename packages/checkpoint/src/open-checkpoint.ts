import type { WeightSource } from '@vlmkit/core';
import { type GenerationConfig, readGenerationConfig } from './config/generation-config.js';
import type { ModelConfig } from './config/model-config.js';
import { readModelConfig } from './config/read-config.js';
import { readPreprocessors } from './config/read-preprocessors.js';
import type { CheckpointFiles } from './files/checkpoint-files.js';
import { type JsonObject, readJson, readOptionalJson } from './files/json.js';
import { checkUnused } from './weights/check-unused.js';
import { openWeights } from './weights/open-weights.js';

/** An opened checkpoint: what it states, and where its tensors lie. No weights are in memory. */
export interface Checkpoint {
  readonly config: ModelConfig;
  readonly generation: GenerationConfig;
  /** preprocessor_config.json as it stands, or its content in processor_config.json; absent for text models. */
  readonly preprocessor?: JsonObject;
  /** video_preprocessor_config.json as it stands, or its content in processor_config.json. */
  readonly videoPreprocessor?: JsonObject;
  readonly weights: WeightSource;
  /** The folder, for its other files (tokenizer.json, chat_template.json ...). */
  readonly files: CheckpointFiles;
  /**
   * Demands that every tensor is used: one left over means that the model is not what config.json says.
   *
   * @throws WeightError naming the tensors that are not among `used`.
   */
  checkUnused(used: Iterable<string>): void;
  /** Gives back file handles. */
  close(): Promise<void>;
}

/**
 * Opens a checkpoint: reads its JSON files and the headers of its weights, and checks them. The checkpoint owns `files` from
 * then on: its `close` closes them, and so does a failure to open.
 *
 * @throws ConfigError when config.json is missing, malformed or of a model that vlmkit does not run.
 * @throws WeightError when weights are missing, truncated or malformed.
 */
export async function openCheckpoint(files: CheckpointFiles): Promise<Checkpoint> {
  try {
    return await readCheckpoint(files);
  } catch (error) {
    await files.close?.();
    throw error;
  }
}

async function readCheckpoint(files: CheckpointFiles): Promise<Checkpoint> {
  const [configJson, generationJson, preprocessors] = await Promise.all([
    readJson(files, 'config.json'),
    readOptionalJson(files, 'generation_config.json'),
    readPreprocessors(files),
  ]);
  const stated = readModelConfig(configJson);
  const weights = await openWeights(files);
  const config = { ...stated, tieWordEmbeddings: resolveTie(weights, stated, configJson) };
  return {
    config,
    generation: readGenerationConfig(generationJson, configJson),
    ...preprocessors,
    weights,
    files,
    checkUnused: (used) => checkUnused(weights, used),
    close: async () => files.close?.(),
  };
}

/**
 * A head that is there is used, whatever config.json says. One that is absent is tied, unless config.json says outright
 * that it should be there.
 */
function resolveTie(weights: WeightSource, config: ModelConfig, json: JsonObject): boolean {
  const hasHead = weights.names.some((name) => name.startsWith('lm_head.weight'));
  if (hasHead) return false;
  if (!config.tieWordEmbeddings && json.tie_word_embeddings === false) {
    // Throws, naming the nearest tensor.
    weights.info('lm_head.weight');
  }
  return true;
}
