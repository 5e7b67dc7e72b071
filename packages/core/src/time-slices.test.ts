import { afterEach, describe, expect, it, vi } from 'vitest';
import { TimeSlices } from './time-slices.js';

/** Keeps the thread for a while. */
function work(ms: number): void {
  const end = Date.now() + ms;
  while (Date.now() < end);
}

/** Works for 20 times 4 ms; returns how often a timer came in between. */
async function interruptions(): Promise<number> {
  let ticks = 0;
  const timer = setInterval(() => ticks++, 1);
  const slices = new TimeSlices();
  for (let i = 0; i < 20; i++) {
    work(4);
    await slices.pause();
  }
  clearInterval(timer);
  return ticks;
}

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

describe('TimeSlices', () => {
  it('lets timers run during long work', async () => {
    expect(await interruptions()).toBeGreaterThan(2);
  });

  it('does so where there are timers only', async () => {
    vi.stubGlobal('setImmediate', undefined);
    expect(await interruptions()).toBeGreaterThan(2);
  });

  it('costs nothing while the slice lasts', async () => {
    vi.stubGlobal('setImmediate', () => {
      throw new Error('The slice is not over.');
    });
    // On the clock of a busy machine the slice could end between two lines.
    vi.useFakeTimers({ toFake: ['Date'] });
    const slices = new TimeSlices();
    for (let i = 0; i < 3; i++) {
      vi.setSystemTime(Date.now() + 3);
      await slices.pause();
    }
  });

  it('gives all workers together one slice between two turns of the event loop', async () => {
    const slices = new TimeSlices();
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
