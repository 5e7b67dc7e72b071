import { jsonrepair } from 'jsonrepair';
import type { TextRange } from './text-ranges.js';

/** An object found in a text. */
export interface FoundObject extends TextRange {
  readonly value: Readonly<Record<string, unknown>>;
}

/**
 * Every complete JSON object of a text that is not inside another complete one, wherever it stands: in a fence, in prose, or in a list that was
 * cut off. Objects with mistakes (single quotes, trailing commas, bare quotes) are repaired; an object that does not end is left
 * out, as its last value may be cut too.
 */
export function findJsonObjects(text: string): readonly FoundObject[] {
  const matched = matchBraces(text);
  const found: FoundObject[] = [];
  let at = text.indexOf('{');
  while (at >= 0) {
    const match = matched.get(at);
    const end = match?.end ?? flatEnd(text, at);
    const value = end === undefined ? undefined : parseObject(text.slice(at, end), match?.sound ?? true);
    if (value !== undefined) found.push({ value, offset: at, end: end! });
    at = text.indexOf('{', value === undefined ? at + 1 : end);
  }
  return found;
}

/** All objects inside a value, itself included, outermost first. However deep they lie: an answer may nest them without end. */
export function* objectsWithin(value: unknown): Generator<Readonly<Record<string, unknown>>> {
  const open = [value];
  while (open.length > 0) {
    const next = open.pop();
    if (typeof next !== 'object' || next === null) continue;
    if (!Array.isArray(next)) yield next as Readonly<Record<string, unknown>>;
    const children = Object.values(next);
    for (let i = children.length - 1; i >= 0; i--) open.push(children[i]);
  }
}

/** An object from brace to brace. */
interface Match {
  readonly end: number;
  /** Whether it is JSON, and all objects in it are. */
  readonly sound: boolean;
}

/** An object that has begun. */
interface OpenObject {
  readonly at: number;
  /** Its text so far, with `{}` for each object in it, so that no text is parsed once for every object around it. */
  own: string;
  /** Where the text begins that is not in `own` yet. */
  from: number;
  sound: boolean;
}

/**
 * For each opening brace, where its object ends and whether it parses. Braces in strings do not count; a string ends with its
 * line at the latest.
 */
function matchBraces(text: string): ReadonlyMap<number, Match> {
  const matched = new Map<number, Match>();
  const open: OpenObject[] = [];
  let inString = false;
  for (let i = 0; i < text.length; i++) {
    const character = text[i];
    if (character === '\n') inString = false;
    else if (inString && character === '\\') i += 1;
    else if (character === '"') inString = !inString && open.length > 0;
    else if (!inString && character === '{') open.push({ at: i, own: '', from: i, sound: true });
    else if (!inString && character === '}' && open.length > 0) {
      const { at, own, from, sound: inside } = open.pop()!;
      const end = i + 1;
      const sound = inside && parse(own + text.slice(from, end)) !== undefined;
      matched.set(at, { end, sound });
      const around = open.at(-1);
      if (around) {
        around.own += `${text.slice(around.from, at)}{}`;
        around.from = end;
        around.sound &&= sound;
      }
    }
  }
  return matched;
}

/** The end of an object without inner braces, for when a stray quote hid it. */
function flatEnd(text: string, at: number): number | undefined {
  const nested = text.indexOf('{', at + 1);
  const close = text.slice(at, nested < 0 ? text.length : nested).indexOf('}');
  return close < 0 ? undefined : at + close + 1;
}

function parseObject(source: string, sound: boolean): Readonly<Record<string, unknown>> | undefined {
  return (sound ? parse(source) : undefined) ?? (source.includes('{', 1) ? undefined : parse(source, jsonrepair));
}

function parse(
  source: string,
  repair: (text: string) => string = String,
): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(repair(source));
    return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : undefined;
  } catch {
    return undefined;
  }
}
