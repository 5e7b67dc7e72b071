import { PromptError } from '@vlmkit/core';

/*
 * The grammar library compares a character class byte by byte, except for a negated one, which takes a whole character
 * beyond ASCII as one. So classes with members beyond ASCII, and the dot, would let half characters through.
 */

/** Any character but the end of a line. */
const anyOfLine = '[^\\n\\r]';

/** Any character, which no class of the library is alone. */
const any = '(?:[^\\n]|\\n)';

/** The ways to write a class of all characters. */
const classesOfAll: ReadonlySet<string> = new Set([
  '[^]',
  ...['sS', 'dD', 'wW'].flatMap(([one, other]) => [`[\\${one}\\${other}]`, `[\\${other}\\${one}]`]),
]);

/** A class from its bracket to its bracket (escapes may hide brackets), the opening of a group, an escape, or a character. */
const partPattern =
  /\[\^?(?:\\.|[^\]\\])*\]|\(\?(?::|<[\w$]+>)|\\(?:x[\da-fA-F]{2}|u[\da-fA-F]{4}|u\{[\da-fA-F]+\}|c[a-zA-Z]|.)|./gsu;

/**
 * A regular expression in the form that the grammar library takes right, with the same meaning.
 *
 * @throws PromptError for what is no pattern, classes that it would take wrong, and anchors that nothing matches
 */
export function supportedPattern(pattern: string): string {
  return patternParts(pattern)
    .map((part) => (part === '.' ? anyOfLine : isAll(part) ? any : part))
    .join('');
}

/**
 * The classes, escapes and single characters that a regular expression consists of, for a match from the first character
 * to the last. Anchors are left out, as every alternative is anchored then, and empty alternatives, which the library does
 * not read, are empty groups.
 *
 * @throws PromptError for what is no pattern, classes that the library would take wrong, and anchors that nothing matches
 */
export function patternParts(pattern: string): readonly string[] {
  requireRegularExpression(pattern);
  const parts = [...pattern.matchAll(partPattern)].map(([part]) => part);
  for (const part of parts) if (isClass(part) && !isAll(part)) requireAscii(part, pattern);
  return withEmptyGroups(withoutAnchors(parts, pattern));
}

/** Groups go around patterns, so a bracket too many would close them. */
function requireRegularExpression(pattern: string): void {
  const [withFlag, without] = ['u', ''].map((flag) => syntaxError(pattern, flag));
  const reason = /\p{Surrogate}/u.test(pattern) ? 'half a character' : withFlag && without;
  if (reason === undefined) return;
  throw new PromptError('The regular expression cannot be compiled.', {
    expected: "a pattern of JavaScript's",
    actual: `${reason}: ${pattern}`,
    remedy: 'Check its brackets and escapes.',
  });
}

function syntaxError(pattern: string, flags: string): string | undefined {
  try {
    new RegExp(pattern, flags);
    return undefined;
  } catch (error) {
    return (error as SyntaxError).message.split(': ').at(-1);
  }
}

function withoutAnchors(parts: readonly string[], pattern: string): readonly string[] {
  return parts.filter((part, i) => {
    if (part !== '^' && part !== '$') return true;
    const fits = part === '^' ? mayPrecede(parts[i - 1]) : mayFollow(parts[i + 1]);
    if (fits) return false;
    throw new PromptError(`The anchor ${part} inside a regular expression cannot constrain an answer.`, {
      expected: '^ where an alternative begins, and $ where one ends',
      actual: `the pattern ${pattern}`,
      remedy: `Leave it out, or write \\${part} for the character.`,
    });
  });
}

function mayPrecede(part: string | undefined): boolean {
  return part === undefined || part === '^' || part === '|' || isOpening(part);
}

function mayFollow(part: string | undefined): boolean {
  return part === undefined || part === '$' || part === '|' || part === ')';
}

function withEmptyGroups(parts: readonly string[]): readonly string[] {
  const spelt = parts.flatMap((part, i) => {
    const before = parts[i - 1];
    const isEmpty = part === '|' ? before === undefined || before === '|' || isOpening(before) : before === '|';
    return isEmpty && (part === '|' || part === ')') ? ['(?:)', part] : [part];
  });
  return parts.at(-1) === '|' ? [...spelt, '(?:)'] : spelt;
}

function isOpening(part: string): boolean {
  return part === '(' || part.startsWith('(?');
}

/** Whether a part is a character class. */
export function isClass(part: string): boolean {
  return part.startsWith('[') && part.length > 1;
}

/** Whether a part is a class of all characters, such as `[\s\S]`. */
export function isAll(part: string): boolean {
  return classesOfAll.has(part);
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
