import { describe, expect, it } from 'vitest';
import { createRandom, nextUint32, nextUniform } from './random.js';

describe('xoshiro128**', () => {
  it('gives the numbers of the authors’ C code', () => {
    // First outputs of https://prng.di.unimi.it/xoshiro128starstar.c with s = {1, 2, 3, 4}.
    const expected = [
      11520, 0, 5927040, 70819200, 2031721883, 1637235492, 1287239034, 3734860849, 3729100597, 4258142804,
    ];
    const state = Uint32Array.of(1, 2, 3, 4);
    expect(expected.map(() => nextUint32(state))).toEqual(expected);
  });

  it('repeats for a seed, and differs between seeds in any bit', () => {
    const draws = (seed: number) => {
      const state = createRandom(seed);
      return Array.from({ length: 4 }, () => nextUint32(state)).join();
    };
    const seeds = [0, 1, 2, 2 ** 31, 2 ** 32, 2 ** 32 + 1, 2 ** 52, Number.MAX_SAFE_INTEGER];
    expect(draws(7)).toBe(draws(7));
    expect(new Set(seeds.map(draws)).size).toBe(seeds.length);
  });

  it('spreads evenly over [0, 1)', () => {
    const state = createRandom(5);
    const bins = new Array<number>(10).fill(0);
    for (let i = 0; i < 20_000; i++) {
      const value = nextUniform(state);
      bins[Math.floor(value * 10)]!++;
    }
    expect(bins).toHaveLength(10);
    // 27.9: the 0.1 % quantile of chi-square with 9 degrees of freedom.
    expect(bins.reduce((sum, n) => sum + (n - 2000) ** 2 / 2000, 0)).toBeLessThan(27.9);
  });
});
