import { describe, expect, it } from 'vitest';
import { allowedRanges } from './allowed-ids.js';
import { createCandidateSelector } from './candidates.js';
import { createRandom, nextUniform } from './random.js';
import { argmax, kthHighest } from './selection.js';

const all = (size: number) => Int32Array.of(0, size);

/** A row of the size and spread of a real model's, some values equal. */
function randomRow(size: number, seed: number): Float32Array {
  const random = createRandom(seed);
  return Float32Array.from({ length: size }, () => {
    const normal = Math.sqrt(-2 * Math.log(1 - nextUniform(random))) * Math.cos(2 * Math.PI * nextUniform(random));
    return Math.round(normal * 3 * 256) / 256;
  });
}

/** Top-k, top-p and min-p by sorting everything, as their definitions read. */
function bySorting(row: Float32Array, options: { topK: number; topP: number; minP: number }): number[] {
  let kept = [...row.keys()].sort((a, b) => row[b]! - row[a]! || b - a);
  if (options.topK > 0) kept = kept.filter((id) => row[id]! >= row[kept[Math.min(options.topK, kept.length) - 1]!]!);
  const highest = row[kept[0]!]!;
  const weight = (id: number) => Math.exp(row[id]! - highest);
  if (options.topP < 1) {
    const total = kept.reduce((sum, id) => sum + weight(id), 0);
    let before = 0;
    kept = kept.filter((id) => {
      const keep = before < options.topP * total;
      before += weight(id);
      return keep;
    });
  }
  return kept.filter((id) => weight(id) >= options.minP).sort((a, b) => a - b);
}

describe('createCandidateSelector', () => {
  it.each([
    { topK: 20, topP: 0.8, minP: 0 },
    { topK: 0, topP: 0.95, minP: 0 },
    { topK: 0, topP: 0.5, minP: 0.02 },
    { topK: 1, topP: 1, minP: 0 },
    { topK: 9000, topP: 0.999, minP: 0 },
    { topK: 0, topP: 1, minP: 0.3 },
  ])('keeps what sorting keeps, for %o', (options) => {
    for (let seed = 0; seed < 5; seed++) {
      const row = randomRow(8000, seed);
      const selector = createCandidateSelector(row.length, { temperature: 1, ...options });
      const { ids, count } = selector.select(row, all(row.length));
      expect([...ids.subarray(0, count)]).toEqual(bySorting(row, options));
    }
  });

  it('keeps the highest ids where ties meet the end of top-p', () => {
    const selector = createCandidateSelector(6, { temperature: 1, topK: 0, topP: 0.4, minP: 0 });
    const { ids, count } = selector.select(new Float32Array(6).fill(2.5), all(6));
    expect([...ids.subarray(0, count)]).toEqual([3, 4, 5]);
  });

  it('starts each step afresh', () => {
    const selector = createCandidateSelector(500, { temperature: 0.7, topK: 40, topP: 0.9, minP: 0.01 });
    const first = selector.select(randomRow(500, 1), all(500));
    const expected = [...first.ids.subarray(0, first.count)];
    selector.select(randomRow(500, 2), all(500));
    const again = selector.select(randomRow(500, 1), all(500));
    expect([...again.ids.subarray(0, again.count)]).toEqual(expected);
  });

  it('never keeps what is -Infinity or NaN', () => {
    const row = Float32Array.of(1, Number.NaN, Number.NEGATIVE_INFINITY, 0);
    for (const topK of [0, 4]) {
      const { ids, count } = createCandidateSelector(4, { temperature: 1, topK, topP: 1, minP: 0 }).select(row, all(4));
      expect([...ids.subarray(0, count)]).toEqual([0, 3]);
    }
  });
});

describe('kthHighest and argmax', () => {
  it('agree with sorting, in ranges', () => {
    const row = randomRow(3000, 9);
    const ranges = allowedRanges(3000, { bannedIds: [700, 0, 701, 2999, 12, 12], tokenizerSize: 2500 });
    const allowed = [...row.keys()].filter((id) => id < 2500 && ![0, 12, 700, 701].includes(id));
    const sorted = allowed.map((id) => row[id]!).sort((a, b) => b - a);
    for (const k of [1, 2, 50, 2496]) expect(kthHighest(row, ranges, new Float32Array(k))).toBe(sorted[k - 1]);
    expect(argmax(row, ranges)).toBe(allowed.find((id) => row[id] === sorted[0]));
  });
});

describe('allowedRanges', () => {
  it('leaves out banned ids and padding', () => {
    const ranges = (bannedIds: number[], tokenizerSize: number) => [...allowedRanges(10, { bannedIds, tokenizerSize })];
    expect(ranges([], Number.POSITIVE_INFINITY)).toEqual([0, 10]);
    expect(ranges([3, 4, 9], 12)).toEqual([0, 3, 5, 9]);
    expect(ranges([0, 40], 7)).toEqual([1, 7]);
    expect(ranges([0, 1, 2], 3)).toEqual([]);
  });
});
