import { describe, expect, it } from 'vitest';
import { inOrder } from './in-order.js';

/** Work that ends when it is told to, and notes what was begun. */
function heldWork() {
  const begun: number[] = [];
  const ends = new Map<number, { resolve(value: string): void; reject(error: Error): void }>();
  const work = (item: number) =>
    new Promise<string>((resolve, reject) => {
      begun.push(item);
      ends.set(item, { resolve, reject });
    });
  return {
    begun,
    work,
    finish: (item: number) => ends.get(item)!.resolve(`result ${item}`),
    fail: (item: number) => ends.get(item)!.reject(new Error(`${item} failed`)),
  };
}

const settle = () => new Promise((resolve) => setTimeout(resolve, 0));

async function collect<T>(results: AsyncIterable<T>, into: T[] = []): Promise<T[]> {
  for await (const result of results) into.push(result);
  return into;
}

describe('inOrder', () => {
  it('yields in the order of the items, however they end, and works on so many at a time', async () => {
    const { begun, work, finish } = heldWork();
    const got: string[] = [];
    const all = collect(inOrder([0, 1, 2, 3], 2, work), got);
    await settle();
    expect(begun).toEqual([0, 1]);
    finish(1);
    await settle();
    expect({ begun, got }).toEqual({ begun: [0, 1], got: [] });
    finish(0);
    await settle();
    expect({ begun, got }).toEqual({ begun: [0, 1, 2, 3], got: ['result 0', 'result 1'] });
    finish(3);
    finish(2);
    expect(await all).toEqual([0, 1, 2, 3].map((item) => `result ${item}`));
    expect(await collect(inOrder([], 2, work))).toEqual([]);
  });

  it('after a failure begins no other, waits for those begun, and tells the first in order', async () => {
    const { begun, work, finish, fail } = heldWork();
    let ended = false;
    const all = collect(inOrder([0, 1, 2, 3, 4], 3, work)).finally(() => {
      ended = true;
    });
    all.catch(() => undefined);
    fail(1);
    await settle();
    finish(0);
    await settle();
    expect({ begun, ended }).toEqual({ begun: [0, 1, 2], ended: false });
    fail(2);
    await expect(all).rejects.toThrow('1 failed');
    expect(begun).toEqual([0, 1, 2]);
  });

  it('waits for those begun when the results are not read on', async () => {
    const { work, finish } = heldWork();
    const results = inOrder([0, 1], 2, work);
    const first = results.next();
    finish(0);
    await first;
    let ended = false;
    const end = results.return().then(() => {
      ended = true;
    });
    await settle();
    expect(ended).toBe(false);
    finish(1);
    await end;
  });
});
