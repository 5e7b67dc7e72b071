import { isJsonObject, type JsonObject } from '../files/json.js';
import {
  type FieldRule,
  fieldReader,
  flag,
  fraction,
  listOf,
  nonNegativeInteger,
  nonNegativeNumber,
  positiveInteger,
  positiveNumber,
  tokenId,
} from './field-reader.js';

/** How a checkpoint wants to be sampled. */
export interface GenerationConfig {
  /** Any of these ends the answer. */
  readonly eosTokenIds: readonly number[];
  /** Whether the checkpoint's default is sampling rather than the likeliest token. */
  readonly doSample: boolean;
  readonly temperature: number;
  /** Tokens to choose from; 0 for all. */
  readonly topK: number;
  /** Probability mass to choose from, in 0..1. */
  readonly topP: number;
  /** Least probability relative to the likeliest token, in 0..1; 0 for none. */
  readonly minP: number;
  /** 1 for none. */
  readonly repetitionPenalty: number;
  /** Most new tokens, when the checkpoint states it. */
  readonly maxNewTokens?: number;
}

const tokenIdOrList: FieldRule<number | readonly number[]> = {
  words: 'a token id or a list of them',
  accepts: (value): value is number | readonly number[] => tokenId.accepts(value) || listOf(tokenId).accepts(value),
};

/**
 * Reads generation_config.json. End-of-text ids that it lacks come from config.json; sampling fields that it lacks have the
 * defaults of transformers' GenerationConfig.
 *
 * @param generation the file, or undefined when the checkpoint has none.
 * @throws ConfigError naming a malformed field.
 */
export function readGenerationConfig(generation: JsonObject | undefined, config: JsonObject): GenerationConfig {
  const fields = fieldReader('generation_config.json', generation ?? {});
  const readers = [
    fields,
    fieldReader('config.json', config),
    ...(isJsonObject(config.text_config) ? [fieldReader('config.json', config.text_config, 'text_config')] : []),
  ];
  const stating = readers.find((reader) => reader.has('eos_token_id'));
  const eos = stating?.required('eos_token_id', tokenIdOrList) ?? [];
  const maxNewTokens = fields.optional('max_new_tokens', positiveInteger, undefined);
  return {
    eosTokenIds: typeof eos === 'number' ? [eos] : eos,
    doSample: fields.optional('do_sample', flag, false),
    temperature: fields.optional('temperature', nonNegativeNumber, 1),
    topK: fields.optional('top_k', nonNegativeInteger, 50),
    topP: fields.optional('top_p', fraction, 1),
    minP: fields.optional('min_p', fraction, 0),
    repetitionPenalty: fields.optional('repetition_penalty', positiveNumber, 1),
    ...(maxNewTokens !== undefined && { maxNewTokens }),
  };
}
