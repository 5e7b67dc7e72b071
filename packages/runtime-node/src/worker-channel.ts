import { type ResourceLimits, Worker } from 'node:worker_threads';
import { RuntimeError } from '@vlmkit/core';
import { type DeviceChannel, unpackError } from './channel.js';
import type { CallMessage, DeviceMethod, ReplyMessage, Request, Response } from './protocol.js';

interface PendingCall {
  readonly resolve: (response: Response<DeviceMethod>) => void;
  readonly reject: (error: RuntimeError) => void;
}

/** A device in a thread of its own. The thread keeps the process alive only while a call is under way. */
export class WorkerChannel implements DeviceChannel {
  readonly #worker: Worker;
  readonly #pending = new Map<number, PendingCall>();
  #nextId = 0;
  #ended: RuntimeError | undefined;

  /**
   * @param script module that answers {@link CallMessage}s on its parent port.
   * @param limits of the thread's JavaScript memory; tensors and weights do not count.
   */
  constructor(script: URL, limits: ResourceLimits = {}) {
    // The process's own flags are not for the thread: --input-type, for one, would keep it from starting.
    this.#worker = new Worker(script, { resourceLimits: limits, execArgv: [] });
    this.#worker.unref();
    this.#worker.on('message', (reply: ReplyMessage) => this.#settle(reply));
    this.#worker.on('messageerror', (cause) => this.#end('sent an answer that cannot be read', cause));
    this.#worker.on('error', (cause) => this.#end('failed', cause));
    this.#worker.on('exit', (code) => this.#end(`ended with code ${code}`));
  }

  call<M extends DeviceMethod>(
    method: M,
    request: Request<M>,
    transfer: readonly ArrayBuffer[] = [],
  ): Promise<Response<M>> {
    return new Promise((resolve, reject) => {
      if (this.#ended) throw this.#ended;
      const id = this.#nextId++;
      const message = { id, method, request } as CallMessage;
      this.#worker.postMessage(message, [...transfer]);
      this.#pending.set(id, { resolve: (response) => resolve(response as Response<M>), reject });
      this.#worker.ref();
    });
  }

  async close(): Promise<void> {
    this.#end('was disposed of');
    await this.#worker.terminate();
  }

  #settle(reply: ReplyMessage): void {
    const call = this.#pending.get(reply.id);
    // An answer to a call that was given up must not let go of the thread: its end is being waited for.
    if (!call) return;
    this.#pending.delete(reply.id);
    if (this.#pending.size === 0) this.#worker.unref();
    if ('error' in reply) call.reject(unpackError(reply.error));
    else call.resolve(reply.response);
  }

  #end(how: string, cause?: unknown): void {
    this.#ended ??= new RuntimeError(
      `The inference thread ${how}${cause instanceof Error ? `: ${cause.message}` : '.'}`,
      {
        remedy: 'Create a new runtime.',
        cause,
      },
    );
    for (const call of this.#pending.values()) call.reject(this.#ended);
    this.#pending.clear();
  }
}
