import { setTimeout } from 'node:timers/promises';
import { RuntimeError } from '@vlmkit/core';
import { describe, expect, it } from 'vitest';
import { answering, asScript, type TestCalls } from './testing/scripts.js';
import { type ThreadOptions, WorkerThread } from './worker-thread.js';

function start(script: URL, resourceLimits: ThreadOptions['resourceLimits'] = {}): WorkerThread<TestCalls> {
  return new WorkerThread({ script, name: 'the test thread', remedy: 'Start another one.', resourceLimits });
}

/** The text of a function that puts an array into an array so many times: to read the result takes stack. */
const nested = '(depth) => { let value = []; for (let i = 0; i < depth; i++) value = [value]; return value; }';

describe('a call', () => {
  it('is answered after those before it, however long they take', async () => {
    const thread = start(
      answering(`{
        work: (ms) => new Promise((resolve) => setTimeout(() => resolve((globalThis.done = (globalThis.done ?? 0) + 1)), ms)),
      }`),
    );
    expect(await Promise.all([30, 0, 10, 0].map((ms) => thread.call('work', ms)))).toEqual([1, 2, 3, 4]);
    await thread.close();
  });

  it('hands over memory both ways, and copies the rest', async () => {
    const thread = start(answering('{ echo: (array) => array }', '{ echo: ({ buffer }) => [buffer] }'));
    const copied = Uint8Array.of(1, 2);
    expect(await thread.call('echo', copied)).toEqual(copied);
    const given = Uint8Array.of(3, 4);
    const back = await thread.call('echo', given, { transfer: [given.buffer] });
    expect({ given: given.length, copied: copied.length, back }).toEqual({
      given: 0,
      copied: 2,
      back: Uint8Array.of(3, 4),
    });
    await thread.close();
  });

  it('fails alone when it throws, cannot be sent or gives what cannot be sent', async () => {
    const thread = start(
      answering(`{
        echo: (value) => { if (value === 'throw') throw new RangeError('Too much.'); return value === 'bad' ? () => 1 : value; },
      }`),
    );
    const settled = await Promise.allSettled([
      thread.call('echo', 'throw'),
      thread.call('echo', () => 1),
      thread.call('echo', 'bad'),
      thread.call('echo', 'good'),
      thread.call('work', 1),
    ]);
    expect(settled).toMatchObject([
      { reason: expect.objectContaining({ name: 'RangeError', message: 'Too much.' }) },
      { reason: expect.objectContaining({ message: expect.stringMatching(/could not be cloned/) }) },
      {
        reason: expect.objectContaining({
          name: 'RuntimeError',
          message: expect.stringMatching(/could not be cloned/),
        }),
      },
      { value: 'good' },
      { reason: expect.objectContaining({ name: 'RuntimeError', message: expect.stringMatching(/not a function/) }) },
    ]);
    await thread.close();
  });
});

describe('all calls fail, and none hangs, when the thread', () => {
  it.each([
    ['exits', '{ echo: () => process.exit(3) }', /^The test thread ended with code 3\. Start another one\.$/],
    [
      'throws outside of a call',
      '{ echo: () => { setTimeout(() => { throw new Error("boom") }); return new Promise(() => {}) } }',
      /^The test thread failed: boom\. Start/,
    ],
    [
      'runs out of memory',
      '{ echo: () => { const all = []; for (;;) all.push(new Array(1e6).fill(all.length)); } }',
      /^The test thread failed: .*memory.*Start/,
    ],
  ])('%s', async (_, handlers, message) => {
    const thread = start(answering(handlers), { maxOldGenerationSizeMb: 32 });
    const calls = [thread.call('echo', 1), thread.call('work', 2)];
    expect(thread.ended).toBe(false);
    for (const call of calls) await expect(call).rejects.toThrow(message);
    expect(thread.ended).toBe(true);
    await expect(thread.call('work', 3)).rejects.toThrow(RuntimeError);
    await thread.close();
  });

  it('cannot be loaded', async () => {
    const broken = start(asScript('import "./no-such-module.js"; throw new Error("unreachable");'));
    await expect(broken.call('echo', 1)).rejects.toThrow(/test thread failed.*no-such-module/s);
  });

  it('gives an answer that cannot be read here, or gets a call that cannot be read there', async () => {
    const deepStack = { stackSizeMb: 64 };
    const deep = start(answering(`{ echo: ${nested} }`), deepStack);
    await expect(deep.call('echo', 50_000)).rejects.toThrow(/^The test thread sent an answer that cannot be read: /);
    expect(deep.ended).toBe(true);
    const caller = start(
      answering(`{
        echo: async (script) => {
          const { WorkerThread } = await import('${import.meta.resolve('@vlmkit/threads')}');
          const shallow = new WorkerThread({ script: new URL(script), name: 'the shallow thread', remedy: 'Give up.' });
          return shallow.call('echo', (${nested})(200_000)).catch((error) => error.message);
        },
      }`),
      deepStack,
    );
    const message = await caller.call('echo', answering('{ echo: () => 1 }').href);
    expect(message).toMatch(/^The shallow thread failed: A call cannot be read: .*Give up\.$/);
    await caller.close();
  });

  it('is closed', async () => {
    const silent = () => start(answering('{ echo: () => new Promise(() => {}) }'));
    const thread = silent();
    const open = [thread.call('echo', 1), thread.call('echo', 2)];
    const rejected = Promise.all(
      open.map((call) => expect(call).rejects.toThrow('The test thread was closed. Start another one.')),
    );
    await thread.close();
    await rejected;
    const other = silent();
    const reason = new RuntimeError('The device was disposed of.');
    const last = expect(other.call('echo', 1)).rejects.toBe(reason);
    await other.close(reason);
    await last;
    await other.close();
    await expect(other.call('echo', 1)).rejects.toBe(reason);
  });
});

it('a thread that ended while nobody called says so to the next who does', async () => {
  const thread = start(answering('{ echo: () => { setTimeout(() => process.exit(0), 5); } }'));
  await thread.call('echo', 1);
  while (!thread.ended) await setTimeout(5);
  await expect(thread.call('echo', 1)).rejects.toThrow('The test thread ended with code 0.');
});
