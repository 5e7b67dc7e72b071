import { type ResourceLimits, Worker } from 'node:worker_threads';
import { RuntimeError } from '@vlmkit/core';
import type { CallMessage, CallOptions, CallTable, ReplyMessage } from './calls.js';
import { unpackError } from './packed-error.js';
import { compiledScript } from './worker-script.js';

/** What a thread is started with. */
export interface ThreadOptions {
  /**
   * The module that answers, by `answerCalls`: `new URL('./my-worker.js', import.meta.url)`. It may lie in `dist` while
   * the caller runs from `src`.
   */
  readonly script: URL;
  /** What messages call the thread, article and all, such as `the inference thread`. */
  readonly name: string;
  /** What to do when the thread has ended, as a sentence. */
  readonly remedy: string;
  /** Of the thread's JavaScript memory, in MiB; the memory of arrays does not count. */
  readonly resourceLimits?: ResourceLimits | undefined;
}

interface OpenCall {
  readonly resolve: (response: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** A thread that answers calls in order. It keeps the process alive only while calls are open, and while it is closed. */
export class WorkerThread<C extends CallTable<C>> {
  readonly #options: ThreadOptions;
  readonly #worker: Worker;
  readonly #open = new Map<number, OpenCall>();
  #calls = 0;
  #ended: RuntimeError | undefined;

  /** @throws RuntimeError when the script is missing. */
  constructor(options: ThreadOptions) {
    const { script, name, resourceLimits = {} } = options;
    this.#options = options;
    // The process's own flags are not for the thread: --input-type, for one, would keep it from starting.
    this.#worker = new Worker(compiledScript(script, name), { resourceLimits, execArgv: [] });
    this.#worker.on('message', (reply: ReplyMessage) => this.#settle(reply));
    this.#worker.on('messageerror', (cause) => {
      this.#fail('sent an answer that cannot be read', cause);
      void this.#worker.terminate();
    });
    this.#worker.on('error', (cause) => this.#fail('failed', cause));
    this.#worker.on('exit', (code) => this.#fail(`ended with code ${code}`));
    // Last, because to listen to messages is to hold on to the process.
    this.#worker.unref();
  }

  /** Whether the thread has ended, so that every call would fail. */
  get ended(): boolean {
    return this.#ended !== undefined;
  }

  /**
   * Calls the thread.
   *
   * @throws what the handler threw: vlmkit's errors and RangeError as they were, others as RuntimeError; RuntimeError when
   *   the thread has ended, or does before it answers; the platform's DataCloneError when the request cannot be sent.
   */
  call<M extends keyof C>(
    method: M,
    request: C[M]['request'],
    { transfer }: CallOptions = {},
  ): Promise<C[M]['response']> {
    return new Promise((resolve, reject) => {
      if (this.#ended) throw this.#ended;
      const id = this.#calls++;
      this.#worker.postMessage({ id, method, request } satisfies CallMessage, transfer);
      this.#open.set(id, { resolve, reject });
      if (this.#open.size === 1) this.#worker.ref();
    });
  }

  /**
   * Ends the thread. What it works on is given up.
   *
   * @param reason what open and later calls reject with.
   */
  async close(reason?: RuntimeError): Promise<void> {
    if (reason) this.#end(reason);
    else this.#fail('was closed');
    // From here on the thread keeps the process alive, until it has ended.
    await this.#worker.terminate();
  }

  #settle(reply: ReplyMessage): void {
    const call = this.#open.get(reply.id);
    // An answer to a call that was given up must not let go of the thread: its end is being waited for.
    if (!call) return;
    this.#open.delete(reply.id);
    if (this.#open.size === 0) this.#worker.unref();
    if ('error' in reply) call.reject(unpackError(reply.error));
    else call.resolve(reply.response);
  }

  #fail(how: string, cause?: unknown): void {
    const { name, remedy } = this.#options;
    const what = `${name.charAt(0).toUpperCase()}${name.slice(1)} ${how}`;
    const why = cause === undefined ? '' : `: ${cause instanceof Error ? cause.message : String(cause)}`;
    this.#end(
      new RuntimeError(
        `${what}${why}`.replace(/[.!?]?$/, (end) => end || '.'),
        { remedy, cause },
      ),
    );
  }

  #end(reason: RuntimeError): void {
    if (this.#ended) return;
    this.#ended = reason;
    this.#worker.unref();
    for (const call of this.#open.values()) call.reject(reason);
    this.#open.clear();
  }
}
