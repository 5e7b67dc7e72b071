import type { CallOptions } from '@vlmkit/threads';
import { describe, expect, it } from 'vitest';
import type { DeviceChannel } from './channel.js';
import { DeviceClient } from './device-client.js';
import type { DeviceMethod, Response } from './protocol.js';

/** A device that answers downloads when it is told to, and nothing else ever. */
class SlowDevice implements DeviceChannel {
  readonly called: DeviceMethod[] = [];
  readonly #answers: (() => void)[] = [];

  call<M extends DeviceMethod>(method: M, _request: unknown, _options?: CallOptions): Promise<Response<M>> {
    this.called.push(method);
    return new Promise((resolve) => {
      if (method === 'download') this.#answers.push(() => resolve(undefined as unknown as Response<M>));
    });
  }

  answer(): void {
    this.#answers.shift()?.();
  }

  async close(): Promise<void> {}
}

const settle = () => new Promise((resolve) => setTimeout(resolve, 0));

describe('DeviceClient', () => {
  it('has one call under way at a time', async () => {
    const device = new SlowDevice();
    const client = new DeviceClient(device);
    const calls = [client.call('download', 1), client.call('download', 2)];
    await settle();
    expect(device.called).toEqual(['download']);
    device.answer();
    await calls[0];
    await settle();
    expect(device.called).toEqual(['download', 'download']);
    device.answer();
    await calls[1];
  });

  it('frees many tensors without waiting for each answer, in order with the calls around them', async () => {
    const device = new SlowDevice();
    const client = new DeviceClient(device);
    const first = client.call('download', 1);
    for (let tensor = 0; tensor < 3; tensor++) client.notify('freeTensor', tensor);
    const last = client.call('download', 2);
    await settle();
    expect(device.called).toEqual(['download']);
    device.answer();
    await first;
    await settle();
    expect(device.called).toEqual(['download', 'freeTensor', 'freeTensor', 'freeTensor', 'download']);
    device.answer();
    await last;
  });

  it('drops a call that is aborted while it waits', async () => {
    const device = new SlowDevice();
    const client = new DeviceClient(device);
    const signal = { aborted: false };
    const [first, aborted] = [client.call('download', 1), client.call('download', 2, { signal })];
    signal.aborted = true;
    device.answer();
    await settle();
    device.answer();
    await first;
    await expect(aborted).rejects.toMatchObject({ name: 'AbortError' });
    expect(device.called).toEqual(['download']);
  });
});
