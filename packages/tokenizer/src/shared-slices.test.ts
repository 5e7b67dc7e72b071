import { describe, expect, it } from 'vitest';
import { SharedSlices } from './shared-slices.js';

/** Keeps the thread for a while. */
function work(ms: number): void {
  const end = Date.now() + ms;
  while (Date.now() < end);
}

describe('SharedSlices', () => {
  it('give all workers together one slice between two turns of the event loop', async () => {
    const slices = new SharedSlices();
    let sinceTurn = 0;
    let most = 0;
    let working = 5;
    const watch = () => {
      sinceTurn = 0;
      if (working > 0) setImmediate(watch);
    };
    setImmediate(watch);
    const worker = async () => {
      for (let i = 0; i < 12; i++) {
        await slices.pause();
        work(4);
        sinceTurn += 1;
        most = Math.max(most, sinceTurn);
      }
      working -= 1;
    };
    await Promise.all([1, 2, 3, 4, 5].map(worker));
    // Three times 4 ms fill a slice; workers with a slice each would come to 15.
    expect(most).toBeLessThanOrEqual(5);
    expect(working).toBe(0);
  });
});
