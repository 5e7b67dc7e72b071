import { encodeUtf8 } from '@vlmkit/core';
import { byteOfCharacter } from './byte-level.js';
import type { BpeModel } from './ready-tokenizer.js';
import { SmallestFirst } from './smallest-first.js';

/*
 * Byte-pair encoding (Sennrich et al., "Neural Machine Translation of Rare Words with Subword Units", 2016): of all pairs of
 * neighbours the one of lowest rank becomes one, the leftmost of equal ones first, until no pair has a rank.
 *
 *   parts   l   o   w   e   r          parts   lo  ·   w   er  ·
 *   next    1   2   3   4   5    ──►   next    2       3   5          a pair is known by its left part's position
 */

/** What {@link encodeLongWord} needs beside the word. */
export interface LongWordOptions {
  readonly model: BpeModel;
  /** Called often: the time to let others have the thread. */
  readonly look: () => Promise<void>;
}

/** Steps between two looks at the clock. */
const stepsPerLook = 512;

/** Above every position, so that a rank and a position make one number, ordered by rank. */
const positions = 2 ** 31;

/** Whether {@link encodeLongWord} does what the model itself would do. */
export function mergesOnly(model: BpeModel): boolean {
  const { unk_token, end_of_word_suffix, continuing_subword_suffix, byte_fallback, ignore_merges } = model;
  return !unk_token && !end_of_word_suffix && !continuing_subword_suffix && !byte_fallback && !ignore_merges;
}

/**
 * The ids of a word without end, such as a line of 100,000 dashes, with pauses. The library merges a word in one go, which is
 * faster for words of usual lengths.
 */
export async function encodeLongWord(word: string, { model, look }: LongWordOptions): Promise<readonly number[]> {
  const bytes = encodeUtf8(word);
  const count = bytes.length;
  const characters = characterOfByte();
  const parts: string[] = [];
  const next = new Int32Array(count);
  const previous = new Int32Array(count);
  for (let at = 0; at < count; at++) {
    parts.push(characters[bytes[at]!]!);
    next[at] = at + 1;
    previous[at] = at - 1;
    if (at % stepsPerLook === 0) await look();
  }
  /** Rank of the pair that begins at a position; -1 for none. */
  const ranks = new Int32Array(count).fill(-1);
  const queue = new SmallestFirst();
  const consider = (at: number) => {
    const right = next[at]!;
    const rank = right < count ? model.bpe_ranks.get(JSON.stringify([parts[at], parts[right]])) : undefined;
    ranks[at] = rank ?? -1;
    if (rank !== undefined) queue.push(rank * positions + at);
  };
  for (let at = 0; at < count; at++) {
    consider(at);
    if (at % stepsPerLook === 0) await look();
  }
  for (let step = 1; queue.size > 0; step++) {
    if (step % stepsPerLook === 0) await look();
    const first = queue.pop()!;
    const at = first % positions;
    // One of the two has become part of another since.
    if (ranks[at] !== (first - at) / positions) continue;
    const right = next[at]!;
    const after = next[right]!;
    parts[at] += parts[right]!;
    ranks[right] = -1;
    next[at] = after;
    if (after < count) previous[after] = at;
    consider(at);
    if (at > 0) consider(previous[at]!);
  }
  const ids: number[] = [];
  for (let at = 0, step = 1; at < count; at = next[at]!, step++) {
    const id = model.tokens_to_ids.get(parts[at]!);
    if (id !== undefined) ids.push(id);
    if (step % stepsPerLook === 0) await look();
  }
  return ids;
}

function characterOfByte(): readonly string[] {
  const characters: string[] = [];
  for (const [character, byte] of byteOfCharacter()) characters[byte] = character;
  return characters;
}
