import { ConfigError } from '@vlmkit/core';
import type { CheckpointFiles } from './checkpoint-files.js';

/** A parsed JSON object. */
export type JsonObject = Readonly<Record<string, unknown>>;

/**
 * Reads a JSON file that must hold an object.
 *
 * @throws ConfigError when it is missing, is not JSON, or holds something else.
 */
export async function readJson(files: CheckpointFiles, name: string): Promise<JsonObject> {
  if (!(await files.has(name))) {
    throw new ConfigError(`There is no ${name} in ${files.label}.`, {
      expected: 'a Hugging Face checkpoint folder',
      remedy: 'Point at the folder that holds config.json and the *.safetensors files.',
    });
  }
  const value = parseJson(await files.readText(name), name);
  if (isJsonObject(value)) return value;
  throw new ConfigError(`${name} does not hold a JSON object.`, { actual: describeJson(value) });
}

/** Like {@link readJson}, but undefined when the file is not there. */
export async function readOptionalJson(files: CheckpointFiles, name: string): Promise<JsonObject | undefined> {
  return (await files.has(name)) ? readJson(files, name) : undefined;
}

/** Whether a JSON value is an object (not an array, not null). */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A JSON value as it should read in a message: short, with its type when it is long. */
export function describeJson(value: unknown): string {
  if (value === undefined) return 'nothing';
  const text = JSON.stringify(value);
  if (text.length <= 60) return text;
  return Array.isArray(value) ? `a list of ${value.length} items` : `${text.slice(0, 57)}...`;
}

function parseJson(text: string, name: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new ConfigError(`${name} is not valid JSON.`, {
      actual: cause instanceof Error ? cause.message : String(cause),
      remedy: 'Download it again.',
      cause,
    });
  }
}
