import { describe, expect, it } from 'vitest';
import { SmallestFirst } from './smallest-first.js';

describe('SmallestFirst', () => {
  it('gives numbers in order, also when more come in between', () => {
    const queue = new SmallestFirst();
    const held: number[] = [];
    for (let i = 0; i < 500; i++) {
      const value = (i * 7919) % 101;
      queue.push(value);
      held.push(value);
      if (i % 3 > 0) continue;
      held.sort((a, b) => a - b);
      expect(queue.pop()).toBe(held.shift());
    }
    held.sort((a, b) => a - b);
    while (queue.size > 0) expect(queue.pop()).toBe(held.shift());
    expect(held).toEqual([]);
    expect(queue.pop()).toBeUndefined();
  });
});
