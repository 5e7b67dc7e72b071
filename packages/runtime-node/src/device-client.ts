import { type AbortSignalLike, RuntimeError, throwIfAborted } from '@vlmkit/core';
import type { CallOptions } from '@vlmkit/threads';
import type { DeviceChannel } from './channel.js';
import type { DeviceMethod, Request, Response } from './protocol.js';
import { RequestQueue } from './request-queue.js';

/** Options of one call. */
export interface DeviceCallOptions extends CallOptions {
  /** Checked when the call's turn comes. */
  readonly signal?: AbortSignalLike | undefined;
}

/**
 * The device as the main thread sees it. Calls wait here for their turn, one under way at a time, so that a call
 * that is aborted while it waits costs nothing, and so that frees and truncations stay in order with runs.
 */
export class DeviceClient {
  readonly #channel: DeviceChannel;
  readonly #queue = new RequestQueue();
  #nextId = 1;
  #closed = false;

  constructor(channel: DeviceChannel) {
    this.#channel = channel;
  }

  /** Whether the device was closed, and with it all that it held is gone. */
  get closed(): boolean {
    return this.#closed;
  }

  /** A new name for a session, tensor or row buffer. */
  newId(): number {
    return this.#nextId++;
  }

  call<M extends DeviceMethod>(method: M, request: Request<M>, options: DeviceCallOptions = {}): Promise<Response<M>> {
    return this.#queue.add(async () => {
      throwIfAborted(options.signal);
      return this.#channel.call(method, request, options);
    });
  }

  /**
   * A call whose answer nobody waits for, not even the calls behind it: a cache of many buffers is made, truncated and
   * freed without a round trip for each. It fails only when the device has ended, and then there is nothing to do.
   */
  notify<M extends DeviceMethod>(method: M, request: Request<M>): void {
    void this.#queue.add(async () => {
      this.#channel.call(method, request).catch(() => undefined);
    });
  }

  close(): Promise<void> {
    this.#closed = true;
    return this.#channel.close(disposed());
  }
}

/** What is told to those who call a device that was closed. */
export function disposed(): RuntimeError {
  return new RuntimeError('The runtime was disposed of.', { remedy: 'Create a new runtime.' });
}
