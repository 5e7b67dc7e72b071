import { describe, expect, it } from 'vitest';
import { DeviceClient } from './device-client.js';
import { WorkerChannel } from './worker-channel.js';

/** A worker that does `reaction` when it is called. */
const script = (reaction: string) =>
  new URL(
    `data:text/javascript,${encodeURIComponent(`
      import { parentPort } from 'node:worker_threads';
      parentPort.on('message', ({ id, method }) => { ${reaction} });
    `)}`,
  );
const open = { device: 'cpu', threads: 1, prepack: true } as const;

describe('WorkerChannel', () => {
  it.each([
    ['exits', 'process.exit(3)', /inference thread ended with code 3.*new runtime/],
    ['throws', 'throw new Error("boom")', /inference thread failed: boom/],
    [
      'runs out of memory',
      'const all = []; for (;;) all.push(new Array(1e6).fill(all.length));',
      /inference thread failed.*memory/,
    ],
  ])('rejects all calls when the thread %s, and does not hang', async (_, reaction, message) => {
    const client = new DeviceClient(new WorkerChannel(script(reaction), { maxOldGenerationSizeMb: 32 }));
    const calls = [client.call('open', open), client.call('download', 1)];
    for (const call of calls) await expect(call).rejects.toThrow(message);
    await expect(client.call('download', 2)).rejects.toMatchObject({ name: 'RuntimeError' });
    await client.close();
  });

  it('rejects what is under way when it is closed', async () => {
    const channel = new WorkerChannel(script(''));
    const call = channel.call('open', open);
    const rejected = expect(call).rejects.toThrow(/disposed/);
    await channel.close();
    await rejected;
  });

  it('frees many tensors without waiting for each answer, in order with the calls around them', async () => {
    // A thread that answers calls to free only when it is asked for something else.
    const client = new DeviceClient(
      new WorkerChannel(
        script(`
          globalThis.freed ??= [];
          if (method === 'freeTensor') globalThis.freed.push(id);
          else parentPort.postMessage({ id, response: [...globalThis.freed] });
        `),
      ),
    );
    await client.call('download', 1);
    for (let tensor = 0; tensor < 3; tensor++) client.notify('freeTensor', tensor);
    expect(await client.call('download', 2)).toHaveLength(3);
    await client.close();
  });

  it('fails when the script is missing', async () => {
    const channel = new WorkerChannel(new URL('./no-such-worker.js', import.meta.url));
    await expect(channel.call('open', open)).rejects.toThrow(/inference thread failed.*no-such-worker/);
  });

  it('rejects values that cannot be sent, and goes on', async () => {
    const channel = new WorkerChannel(script('parentPort.postMessage({ id, response: method })'));
    const unsendable = { ...open, prepack: (() => true) as unknown as boolean };
    await expect(channel.call('open', unsendable)).rejects.toThrow(/could not be cloned/);
    expect(await channel.call('download', 1)).toBe('download');
    await channel.close();
  });
});
