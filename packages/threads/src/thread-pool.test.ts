import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { AbortError, RuntimeError } from '@vlmkit/core';
import { describe, expect, it } from 'vitest';
import { answering, type TestCalls } from './testing/scripts.js';
import { ThreadPool } from './thread-pool.js';

function poolOf(threads: number, script: URL): ThreadPool<TestCalls> {
  return new ThreadPool({ threads, script, name: 'a test thread', remedy: 'Create another pool.' });
}

/** Takes so many ms, and tells which thread it is. */
const waiting = answering(`{
  work: (ms) => new Promise((resolve) => setTimeout(() => resolve(threadId), ms)),
}`);

describe('a pool', () => {
  it('starts no more threads than it needs, and no more than it may', async () => {
    const pool = poolOf(2, waiting);
    const alone = [await pool.call('work', 0), await pool.call('work', 0)];
    expect(new Set(alone).size).toBe(1);
    const together = await Promise.all(Array.from({ length: 6 }, () => pool.call('work', 5)));
    expect(new Set(together).size).toBe(2);
    await pool.close();
  });

  it('serves those who wait in order', async () => {
    const pool = poolOf(1, waiting);
    const served: number[] = [];
    await Promise.all([10, 0, 5, 0].map((ms, i) => pool.call('work', ms).then(() => served.push(i))));
    expect(served).toEqual([0, 1, 2, 3]);
    await pool.close();
  });

  it('ends the waiting of whoever aborts, and goes on with the next when the thread is free', async () => {
    const pool = poolOf(1, waiting);
    const abort = new AbortController();
    const { signal } = abort;
    const aborted = Promise.allSettled([pool.call('work', 500, { signal }), pool.call('work', 0, { signal })]);
    let ended = false;
    const next = pool.call('work', 0).finally(() => {
      ended = true;
    });
    await new Promise((resolve) => setTimeout(resolve, 5));
    abort.abort();
    for (const result of await aborted) expect(result).toMatchObject({ reason: expect.any(AbortError) });
    expect(ended).toBe(false); // the thread is at work still
    await next;
    await expect(pool.call('work', 0, { signal })).rejects.toThrow(AbortError);
    await pool.close();
  });

  it('replaces a thread that has ended, at work or idle', async () => {
    const pool = poolOf(
      1,
      answering(`{
        echo: (when) => when === 'now' ? process.exit(1) : void setTimeout(() => process.exit(1)),
        work: () => threadId,
      }`),
    );
    const first = await pool.call('work', 0);
    await expect(pool.call('echo', 'now')).rejects.toThrow(/^A test thread ended with code 1/);
    const second = await pool.call('work', 0);
    await pool.call('echo', 'soon');
    let third = second;
    while (third === second) third = await pool.call('work', 0).catch(() => second);
    expect(new Set([first, second, third]).size).toBe(3);
    await pool.close();
  });

  it('keeps nobody waiting for ever when an ended thread cannot be replaced', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'vlmkit-pool-'));
    const path = join(folder, 'worker.mjs');
    const { href } = answering('{ echo: () => setTimeout(() => process.exit(1), 20) && new Promise(() => {}) }');
    await writeFile(path, `import ${JSON.stringify(href)};`);
    const pool = poolOf(1, pathToFileURL(path));
    const calls = Promise.allSettled(Array.from({ length: 3 }, () => pool.call('echo', 1)));
    await new Promise((resolve) => setTimeout(resolve, 5));
    await rm(folder, { recursive: true });
    const reasons = (await calls).map((result) => 'reason' in result && result.reason.message);
    expect(reasons[0]).toMatch(/^A test thread/);
    for (const reason of reasons.slice(1)) expect(reason).toMatch(/^The script of a test thread is missing/);
    await pool.close();
  });

  it('rejects what is at work, waits or comes when it is closed', async () => {
    const pool = poolOf(1, waiting);
    const reason = new RuntimeError('The kitchen is closed.');
    const open = Promise.allSettled([1000, 0, 0].map((ms) => pool.call('work', ms)));
    await pool.close(reason);
    for (const result of await open) expect(result).toEqual({ status: 'rejected', reason });
    await expect(pool.call('work', 0)).rejects.toBe(reason);
    await pool.close();
    await expect(pool.call('work', 0)).rejects.toBe(reason);
  });
});
