import { RuntimeError } from '@vlmkit/core';
import { expect, test, vi } from 'vitest';
import { createPreprocessPool } from './preprocess-pool.js';

let started = 0;

/** Threads of which the first fails at its job, and no other starts. */
vi.mock('./preprocess-thread.js', () => ({
  PreprocessThread: class {
    ended = false;

    constructor() {
      if (started++ > 0) throw new RuntimeError('No thread can be started.');
    }

    async run(): Promise<never> {
      await new Promise((resolve) => setTimeout(resolve, 5));
      this.ended = true;
      throw new RuntimeError('The thread failed.');
    }

    async close(): Promise<void> {}
  },
}));

test('nobody waits for ever when a failed thread cannot be replaced', async () => {
  const pool = createPreprocessPool({ threads: 1 });
  const picture = { width: 1, height: 1, data: new Uint8Array(3) };
  const jobs = Array.from({ length: 3 }, () => pool.resize(picture, picture));
  const reasons = (await Promise.allSettled(jobs)).map((result) => String('reason' in result && result.reason.message));
  expect(reasons).toEqual(['The thread failed.', 'No thread can be started.', 'No thread can be started.']);
  await pool.close();
});
