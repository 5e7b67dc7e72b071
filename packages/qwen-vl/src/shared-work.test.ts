import { AbortError, type AbortSignalLike, throwIfAborted } from '@vlmkit/core';
import { describe, expect, it } from 'vitest';
import { SharedWork } from './shared-work.js';

/** Work that ends when it is told to, and looks at its signal then. */
function slowWork() {
  const started: AbortSignalLike[] = [];
  let finish = (): void => undefined;
  const gate = new Promise<void>((resolve) => {
    finish = resolve;
  });
  const work = async (signal: AbortSignalLike): Promise<string> => {
    started.push(signal);
    await gate;
    throwIfAborted(signal);
    return `run ${started.length}`;
  };
  return { started, work, finish };
}

describe('SharedWork', () => {
  it('runs once for all who ask while it runs, and anew after that', async () => {
    const shared = new SharedWork<string>();
    const { work, started, finish } = slowWork();
    const all = Promise.all([shared.run('a', work), shared.run('a', work), shared.run('b', work)]);
    expect(started).toHaveLength(2);
    finish();
    await all;
    await shared.run('a', work);
    expect(started).toHaveLength(3);
  });

  it('goes on for the others when one aborts, whoever started it', async () => {
    const shared = new SharedWork<string>();
    const { work, started, finish } = slowWork();
    const controller = new AbortController();
    const first = shared.run('a', work, controller.signal);
    const second = shared.run('a', work);
    controller.abort();
    await expect(first).rejects.toThrow(AbortError);
    finish();
    expect(await second).toBe('run 1');
    expect(started).toHaveLength(1);
  });

  it('is aborted when all have, and does not take the next one with it', async () => {
    const shared = new SharedWork<string>();
    const { work, started, finish } = slowWork();
    const controller = new AbortController();
    const gone = [1, 2].map(() => shared.run('a', work, controller.signal));
    controller.abort();
    for (const one of gone) await expect(one).rejects.toThrow(AbortError);
    expect(started[0]!.aborted).toBe(true);
    const late = shared.run('a', work);
    finish();
    expect(await late).toBe('run 2');
  });

  it('starts nothing for those who have aborted already', async () => {
    const { work, started } = slowWork();
    await expect(new SharedWork<string>().run('a', work, AbortSignal.abort())).rejects.toThrow(AbortError);
    expect(started).toEqual([]);
  });

  it('tells all of a failure, and tries again', async () => {
    const shared = new SharedWork<string>();
    const fail = async (): Promise<string> => {
      throw new Error('no memory');
    };
    const failed = await Promise.allSettled([shared.run('a', fail), shared.run('a', fail)]);
    expect(failed.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(await shared.run('a', async () => 'better')).toBe('better');
  });
});
