import { TimeSlices } from '@vlmkit/core';

/** tokenizer.json with its two long lists apart. */
export interface SplitTokenizerJson {
  /** The file's JSON with an empty vocabulary and no merges. */
  readonly json: unknown;
  readonly tokens: readonly (readonly [token: string, id: number])[];
  /** Pairs to merge, the first to merge first. */
  readonly merges: readonly (readonly [left: string, right: string])[];
}

/** The inside of a JSON string. */
const string = String.raw`"((?:[^"\\]|\\.)*)"`;
const vocabularyStart = /"vocab"\s*:\s*\{/;
const mergesStart = /"merges"\s*:\s*\[/;
const tokenPattern = String.raw`\s*${string}\s*:\s*(\d+)\s*([,}])`;
const mergePattern = String.raw`\s*(?:${string}|\[\s*${string}\s*,\s*${string}\s*\])\s*([,\]])`;

/** Entries between two looks at the clock. */
export const entriesPerLook = 256;

/**
 * Parses tokenizer.json piece by piece: the 300,000 entries of a real model's vocabulary and merges would hold up timers for
 * most of a second when parsed at once.
 *
 * @returns undefined when the lists are not as they usually are; the file must then be parsed as a whole
 */
export async function splitTokenizerJson(
  text: string,
  slices = new TimeSlices(),
): Promise<SplitTokenizerJson | undefined> {
  const tokens: [string, number][] = [];
  const vocabulary = await readList(text, {
    start: vocabularyStart,
    entry: tokenPattern,
    take: ([, token = '', id]) => tokens.push([unescaped(token), Number(id)]),
    slices,
  });
  const merges: [string, string][] = [];
  const pairs = await readList(text, {
    start: mergesStart,
    entry: mergePattern,
    take: ([, joined, left = '', right = '']) =>
      merges.push(joined === undefined ? [unescaped(left), unescaped(right)] : splitPair(unescaped(joined))),
    slices,
  });
  if (!vocabulary || !pairs || pairs.from < vocabulary.to) return undefined;
  const rest = `${text.slice(0, vocabulary.from)}}${text.slice(vocabulary.to, pairs.from)}]${text.slice(pairs.to)}`;
  try {
    return { json: JSON.parse(rest) as unknown, tokens, merges };
  } catch {
    // What is wrong with the file shows when it is parsed as a whole.
    return undefined;
  }
}

interface ListOptions {
  /** Finds the list, up to and with its bracket. */
  readonly start: RegExp;
  /** One entry and what follows it, a comma or the closing bracket. */
  readonly entry: string;
  readonly take: (entry: RegExpExecArray) => void;
  readonly slices: TimeSlices;
}

/** Where a list lies in the text. */
interface ListPlace {
  /** Position after the opening bracket. */
  readonly from: number;
  /** Position after the closing bracket. */
  readonly to: number;
}

async function readList(text: string, { start, entry, take, slices }: ListOptions): Promise<ListPlace | undefined> {
  const found = start.exec(text);
  if (!found) return undefined;
  const from = found.index + found[0].length;
  const pattern = new RegExp(entry, 'y');
  pattern.lastIndex = from;
  for (let count = 1; ; count++) {
    const match = pattern.exec(text);
    if (!match) return undefined;
    take(match);
    if (match.at(-1) !== ',') return { from, to: pattern.lastIndex };
    if (count % entriesPerLook === 0) await slices.pause();
  }
}

/** Engines keep the whole text for the sake of a longer piece of it: such pieces are made anew. */
const longestPiece = 12;

function unescaped(inside: string): string {
  return inside.length <= longestPiece && !inside.includes('\\') ? inside : (JSON.parse(`"${inside}"`) as string);
}

/** Older files join the two with a space, which no token of a byte-level vocabulary contains. */
function splitPair(joined: string): [string, string] {
  const space = joined.indexOf(' ');
  return [joined.slice(0, space), joined.slice(space + 1)];
}
