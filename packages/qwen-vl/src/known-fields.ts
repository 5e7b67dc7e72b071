import { PromptError } from '@vlmkit/core';

/** A value with fields, as it may come from outside. */
export type Fields = Readonly<Record<string, unknown>>;

/** How fields are named: `fps` and `min_pixels` in parts of messages, `maxNewTokens` in options. */
export type NameStyle = 'snake_case' | 'camelCase';

/** What may be given. */
export interface KnownFields {
  readonly names: readonly string[];
  readonly style: NameStyle;
  /** What a field is called in messages (default `field`). */
  readonly kind?: 'field' | 'option';
}

/**
 * A field that has no effect is a mistake; one without a value is none, as tables fill all columns.
 *
 * @param where names the object in messages
 * @throws PromptError that names the field, and those that are known
 */
export function requireKnownFields(given: Fields, where: string, { names, style, kind = 'field' }: KnownFields): void {
  for (const [field, value] of Object.entries(given)) {
    if (names.includes(field) || value === undefined || value === null) continue;
    const meant = style === 'snake_case' ? snakeCase(field) : camelCase(field);
    throw new PromptError(`${where} has an unknown ${kind}.`, {
      expected: names.join(', '),
      actual: field,
      remedy: names.includes(meant) ? `Write ${meant}.` : 'Leave it out.',
    });
  }
}

function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

function camelCase(name: string): string {
  return name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

/** Whether a value is an object with fields. */
export function isRecord(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
