import { isObject } from './json-schema.js';

/** Keys of the wrappers that OpenAI's requests have around a schema. */
const wrapperKeys: ReadonlySet<string> = new Set([
  'type',
  'name',
  'description',
  'strict',
  'schema',
  'json_schema',
  'response_format',
]);

/** The schema inside `{"type": "json_schema", "json_schema": {"name", "strict", "schema"}}`, or parts of that. */
export function unwrapped(value: unknown): unknown {
  if (!isObject(value) || !Object.keys(value).every((key) => wrapperKeys.has(key))) return value;
  const inner = value.response_format ?? value.json_schema ?? value.schema;
  return inner === undefined ? value : unwrapped(inner);
}
