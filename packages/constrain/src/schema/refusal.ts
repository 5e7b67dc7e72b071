import { PromptError } from '@vlmkit/core';
import { isObject, type JsonSchema } from './json-schema.js';

/** The place of a part of a schema, as a JSON pointer from `#`. */
export function placeOf(parent: string, ...keys: readonly (string | number)[]): string {
  return [parent, ...keys.map((key) => String(key).replaceAll('~', '~0').replaceAll('/', '~1'))].join('/');
}

/** What a schema asks for and an answer could not be kept to. */
export function refusal(place: string, details: { readonly expected: string; readonly remedy?: string }): PromptError {
  return new PromptError(`The JSON schema cannot constrain an answer: ${place}.`, {
    expected: details.expected,
    remedy: details.remedy ?? 'Leave it out, and check the answer afterwards.',
  });
}

/** A value that must be a schema, or part of one. @throws PromptError when it is no object */
export function schemaObject(value: unknown, place: string): JsonSchema {
  if (isObject(value)) return value;
  throw refusal(place, { expected: 'a schema, as an object' });
}
