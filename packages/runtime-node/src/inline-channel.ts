import { RuntimeError } from '@vlmkit/core';
import type { DeviceChannel } from './channel.js';
import { DeviceHost } from './device-host.js';
import type { DeviceMethod, Request, Response } from './protocol.js';

/** A device in the calling thread, which blocks while it loads and runs: for debuggers and profilers. */
export class InlineChannel implements DeviceChannel {
  #host: DeviceHost | undefined = new DeviceHost();

  async call<M extends DeviceMethod>(method: M, request: Request<M>): Promise<Response<M>> {
    if (!this.#host) throw new RuntimeError('The runtime was disposed of.', { remedy: 'Create a new runtime.' });
    return this.#host.call(method, request);
  }

  async close(): Promise<void> {
    const host = this.#host;
    this.#host = undefined;
    await host?.call('close', undefined);
  }
}
