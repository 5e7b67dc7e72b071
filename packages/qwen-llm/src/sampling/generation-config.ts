import { ConfigError } from '@vlmkit/core';
import { resolveSampling, type SamplingOptions } from './options.js';

/** What Hugging Face's `generate` keeps when generation_config.json does not say (`GenerationConfig`'s own default). */
const defaultTopK = 50;

/**
 * Sampling options from a checkpoint's generation_config.json, each replaced by the override of the same name.
 *
 * What the file leaves out takes the default of Hugging Face's `generate`: greedy, and a `top_k` of 50 when sampling.
 * An override of `temperature` alone switches sampling on (above 0) or off (0).
 *
 * @param json the parsed file; undefined when the checkpoint has none
 * @throws ConfigError when a field of the file is not of the type it should have
 * @throws PromptError when a value is out of range
 */
export function samplingFromGenerationConfig(json: unknown, overrides: SamplingOptions = {}): SamplingOptions {
  if (json !== undefined && (typeof json !== 'object' || json === null || Array.isArray(json))) {
    throw new ConfigError('generation_config.json is not a JSON object.', { actual: JSON.stringify(json) });
  }
  const fields = { ...json } as Readonly<Record<string, unknown>>;
  const number = (key: string): number | undefined => field(fields, key, 'number');
  const merged: SamplingOptions = {
    doSample: overrides.temperature === undefined ? (field(fields, 'do_sample', 'boolean') ?? false) : true,
    temperature: number('temperature') ?? 1,
    topK: number('top_k') ?? defaultTopK,
    topP: number('top_p') ?? 1,
    minP: number('min_p') ?? 0,
    repetitionPenalty: number('repetition_penalty') ?? 1,
    ...withoutUndefined(overrides),
  };
  resolveSampling(merged);
  return merged;
}

/**
 * The ids that end an answer: `eos_token_id` of generation_config.json, one id or a list; none when it is left out.
 *
 * @throws ConfigError when it is neither
 */
export function stopIdsFromGenerationConfig(json: unknown): readonly number[] {
  const value =
    typeof json === 'object' && json !== null ? (json as Readonly<Record<string, unknown>>).eos_token_id : [];
  const ids: readonly unknown[] = Array.isArray(value) ? value : value === undefined || value === null ? [] : [value];
  return ids.map((id) => {
    if (typeof id === 'number' && Number.isSafeInteger(id) && id >= 0) return id;
    throw new ConfigError('generation_config.json names an eos_token_id that is no token id.', {
      expected: 'an id or a list of ids',
      actual: JSON.stringify(value),
    });
  });
}

interface FieldTypes {
  readonly number: number;
  readonly boolean: boolean;
}

/** The value of a field, undefined when it is missing or null. */
function field<T extends keyof FieldTypes>(
  fields: Readonly<Record<string, unknown>>,
  key: string,
  type: T,
): FieldTypes[T] | undefined {
  const value = fields[key] ?? undefined;
  if (value === undefined) return undefined;
  if (typeof value === type) return value as FieldTypes[T];
  throw new ConfigError(`generation_config.json has a ${key} of the wrong type.`, {
    expected: `a ${type}`,
    actual: JSON.stringify(value),
  });
}

/** An explicit undefined must not hide what the file says. */
function withoutUndefined(options: SamplingOptions): SamplingOptions {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}
