import { PromptError } from '@vlmkit/core';
import { describe, expect, it } from 'vitest';
import { logSumExp, topLogprobs } from './log-probabilities.js';
import { createRandom, nextUniform } from './random.js';

/** A row with many equal scores. */
function row(size: number): Float32Array {
  const random = createRandom(5);
  return Float32Array.from({ length: size }, () => Math.round(nextUniform(random) * 200) / 8);
}

describe('topLogprobs', () => {
  it('gives what sorting gives, lower ids first among equals', () => {
    const logits = row(3000);
    const sorted = [...logits.keys()].sort((a, b) => logits[b]! - logits[a]! || a - b);
    const normaliser = logSumExp(logits);
    for (const count of [0, 1, 2, 20, 2999, 3000]) {
      const expected = sorted.slice(0, count).map((id) => ({ id, logprob: logits[id]! - normaliser }));
      expect(topLogprobs(logits, count)).toEqual(expected);
    }
  });

  it('gives the whole vocabulary to those who ask for more, in a moment', () => {
    const start = performance.now();
    const top = topLogprobs(row(150_000), 1e6);
    expect(top).toHaveLength(150_000);
    expect(top[0]!.logprob).toBeGreaterThan(top.at(-1)!.logprob);
    // Half a minute and more where every token is put in its place of a list.
    expect(performance.now() - start).toBeLessThan(10_000);
  });

  it('keeps forbidden tokens for last', () => {
    const logits = Float32Array.of(Number.NEGATIVE_INFINITY, 0, Number.NEGATIVE_INFINITY, 1);
    expect(topLogprobs(logits, 3).map(({ id }) => id)).toEqual([3, 1, 0]);
  });

  it.each([-1, 1.5, Number.NaN, Number.POSITIVE_INFINITY])('refuses %d tokens', (count) => {
    expect(() => topLogprobs(row(8), count)).toThrow(PromptError);
  });
});
