import { PromptError } from '@vlmkit/core';

/*
 * The grammar library compares a character class byte by byte, except for a negated one, which takes a whole character
 * beyond ASCII as one. So classes with members beyond ASCII, and the dot, would let half characters through.
 */

/** Any character but the end of a line. */
const anyCharacter = '[^\\n\\r]';

/** A class from its bracket to its bracket. Escapes may hide brackets. */
const classPattern = /^\[\^?(?:\\.|[^\]\\])*\]/su;

/**
 * A regular expression in the form that the grammar library takes right, with the same meaning.
 *
 * @throws PromptError for classes that it would take wrong
 */
export function supportedPattern(pattern: string): string {
  return patternParts(pattern)
    .map((part) => (part === '.' ? anyCharacter : part))
    .join('');
}

/**
 * The classes, escapes and single characters that a regular expression consists of.
 *
 * @throws PromptError for classes that the library would take wrong
 */
export function patternParts(pattern: string): readonly string[] {
  const parts: string[] = [];
  for (let at = 0; at < pattern.length; at += parts.at(-1)!.length) {
    const rest = pattern.slice(at);
    const part = classPattern.exec(rest)?.[0] ?? (rest.startsWith('\\') ? rest.slice(0, 2) : rest.slice(0, 1));
    if (isClass(part)) requireAscii(part, pattern);
    parts.push(part);
  }
  return parts;
}

/** Whether a part is a character class. */
export function isClass(part: string): boolean {
  return part.startsWith('[') && part.length > 1;
}

function requireAscii(characterClass: string, pattern: string): void {
  const members = characterClass.replace(/^\[\^?/, '').slice(0, -1);
  const escapes = /\\u\{?([0-9a-fA-F]{1,6})\}?|\\x([0-9a-fA-F]{2})/g;
  const coded = [...members.matchAll(escapes)].some(([, u, x]) => Number.parseInt(u ?? x ?? '0', 16) > 0x7f);
  const written = [...members].some((character) => character > '\x7f');
  const inverted = /\\[WSDpP]/.test(members);
  if (members !== '' && !coded && !written && !inverted) return;
  throw new PromptError(`The character class ${characterClass} cannot constrain an answer.`, {
    expected: 'ASCII members, such as [a-z0-9_] or [^"]',
    actual: `the pattern ${pattern}`,
    remedy: 'Write other characters as alternatives, e.g. ([a-z]|ä|ö|ü).',
  });
}
