import type { RuntimeError } from '@vlmkit/core';
import type { DeviceChannel } from './channel.js';
import { DeviceHost } from './device-host.js';
import type { DeviceMethod, Request, Response } from './protocol.js';

/** A device in the calling thread, which blocks while it loads and runs: for debuggers and profilers. */
export class InlineChannel implements DeviceChannel {
  readonly #handlers = new DeviceHost().handlers;
  #closed: RuntimeError | undefined;

  async call<M extends DeviceMethod>(method: M, request: Request<M>): Promise<Response<M>> {
    if (this.#closed) throw this.#closed;
    return this.#handlers[method](request);
  }

  async close(reason: RuntimeError): Promise<void> {
    if (this.#closed) return;
    this.#closed = reason;
    await this.#handlers.close(undefined);
  }
}
