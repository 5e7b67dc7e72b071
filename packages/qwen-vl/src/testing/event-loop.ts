import { readFileSync } from 'node:fs';

/**
 * Longest time in milliseconds by which this thread kept a 5 ms timer waiting while `work` ran. What other threads and
 * programs took of the processor is not counted, where the system tells it.
 */
export async function longestWait(work: () => Promise<unknown>): Promise<number> {
  const period = 5;
  let longest = 0;
  let last = performance.now();
  let lastOwn = computedMs();
  const tick = () => {
    const now = performance.now();
    const own = computedMs();
    const late = Math.max(0, now - last - period);
    longest = Math.max(longest, own === undefined || lastOwn === undefined ? late : Math.min(late, own - lastOwn));
    last = now;
    lastOwn = own;
  };
  const timer = setInterval(tick, period);
  try {
    await work();
  } finally {
    clearInterval(timer);
    tick();
  }
  return longest;
}

/** Milliseconds that this thread has computed: Linux's schedstat, first field. */
function computedMs(): number | undefined {
  try {
    return Number(readFileSync('/proc/thread-self/schedstat', 'utf8').split(' ')[0]) / 1e6;
  } catch {
    return undefined;
  }
}
