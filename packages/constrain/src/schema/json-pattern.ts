import { PromptError } from '@vlmkit/core';
import { isAll, isClass, patternParts } from '../regex.js';
import type { JsonSchema } from './json-schema.js';
import { placeOf, refusal } from './refusal.js';

/*
 * The grammar library takes a pattern for what stands between a string's quotes, as it is: a dot would let a bare quote
 * through, and the answer would be no JSON.
 */

/** What JSON does not write as it is: quotes, backslashes and control characters, as members of a class. */
const unwritten = '"\\\\\\x00-\\x1f';
const written = `[^${unwritten}]`;

/** Any character of a string. */
const any = `(?:${written}|\\\\(?:["\\\\bfnrt]|u00[01][0-9a-f]))`;

/** All that is unwritten, to try a class on. */
const unwrittenCharacters = ['"', '\\', ...Array.from({ length: 32 }, (_, code) => String.fromCharCode(code))];

/** Escapes and characters that stand for more than one character of a string. */
const spellings: Readonly<Record<string, string>> = {
  '.': written,
  '\\s': ' ',
  '\\S': `[^${unwritten} ]`,
  '\\D': `[^${unwritten}0-9]`,
  '\\W': `[^${unwritten}A-Za-z0-9_]`,
};

/** Escapes of one letter, by the character that they stand for. */
const escapes: Readonly<Record<string, string>> = {
  '\\0': '\0',
  '\\n': '\n',
  '\\r': '\r',
  '\\t': '\t',
  '\\f': '\f',
  '\\v': '\v',
  '\\"': '"',
  '\\\\': '\\',
};

/**
 * A regular expression for the characters of a JSON string, in a group of its own: the library puts the quotes beside it,
 * where they would belong to the first and the last alternative alone. White space (`\s`) is a space.
 *
 * @throws PromptError for classes that hold characters which JSON writes in another way, and anchors that nothing matches
 */
export function jsonPattern(pattern: string): string {
  return `(?:${patternParts(pattern).map(jsonPart).join('')})`;
}

function jsonPart(part: string): string {
  if (isAll(part)) return any;
  if (isClass(part)) return jsonClass(part);
  const character = characterOf(part);
  if (!unwrittenCharacters.includes(character)) return spellings[part] ?? part;
  // In a group, so that what repeats the part repeats all of it.
  return `(?:${JSON.stringify(character).slice(1, -1).replaceAll('\\', '\\\\')})`;
}

/** The character that a part stands for, or the part itself. */
function characterOf(part: string): string {
  const [, x, u, c] = /^\\(?:x(.{2})|u\{?(\w+)\}?|c(.))$/s.exec(part) ?? [];
  if (c !== undefined) return String.fromCharCode(c.charCodeAt(0) % 32);
  const code = Number.parseInt(x ?? u ?? '', 16);
  return code <= 0x7f ? String.fromCharCode(code) : (escapes[part] ?? part);
}

/** A pattern for strings of some length. The library's own lengths let bare control characters through. */
export function lengthPattern(schema: JsonSchema, place: string): string {
  const { minLength = 0, maxLength = '' } = schema;
  for (const [key, value] of Object.entries({ minLength, maxLength })) {
    if (value === '' || (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0)) continue;
    throw refusal(placeOf(place, key), { expected: 'a count of 0 or more', remedy: 'Correct it.' });
  }
  if (maxLength !== '' && Number(maxLength) < Number(minLength)) {
    throw refusal(placeOf(place, 'maxLength'), { expected: `${minLength} or more`, remedy: 'Correct it.' });
  }
  return `^${written}{${minLength},${maxLength}}$`;
}

function jsonClass(part: string): string {
  if (part.startsWith('[^')) return `[^${unwritten}${part.slice(2)}`;
  const spaced = part.replace(/\\(.)/gs, (same, letter) => (letter === 's' ? ' ' : same));
  if (!holdsUnwritten(spaced)) return spaced;
  throw new PromptError(`The character class ${part} cannot constrain a JSON string.`, {
    expected: 'members that JSON writes as they are: no quote, backslash or control character',
    actual: `the class ${part}`,
    remedy: 'Leave them out, e.g. [ !#-\\[\\]-~] for [ -~], or write them as alternatives: ([a-z]|").',
  });
}

function holdsUnwritten(characterClass: string): boolean {
  // Only with the flag u are \u{22} and its like characters of the class.
  return ['', 'u'].some((flags) => {
    try {
      const members = new RegExp(characterClass, flags);
      return unwrittenCharacters.some((character) => members.test(character));
    } catch {
      // The library tells what is wrong with it.
      return false;
    }
  });
}
