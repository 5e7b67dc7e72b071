import { type AbortSignalLike, RuntimeError, throwIfAborted, unlessAborted } from '@vlmkit/core';
import type { CallOptions, CallTable } from './calls.js';
import { type ThreadOptions, WorkerThread } from './worker-thread.js';

/** What a pool is made of. */
export interface ThreadPoolOptions extends ThreadOptions {
  /** Most threads. They start when they are needed. */
  readonly threads: number;
}

/** Options of one call of a pool. */
export interface PoolCallOptions extends CallOptions {
  /** Ends the waiting for a thread or an answer at once. A thread that is at work finishes it. */
  readonly signal?: AbortSignalLike | undefined;
}

interface Waiter<C extends CallTable<C>> {
  readonly resolve: (thread: WorkerThread<C>) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Threads that answer one call at a time each. Calls wait in order for a thread to be free; one that has ended is
 * replaced. Idle threads do not keep the process alive.
 */
export class ThreadPool<C extends CallTable<C>> {
  readonly #options: ThreadPoolOptions;
  readonly #idle: WorkerThread<C>[] = [];
  readonly #busy = new Set<WorkerThread<C>>();
  readonly #waiting: Waiter<C>[] = [];
  #closed: RuntimeError | undefined;

  constructor(options: ThreadPoolOptions) {
    this.#options = options;
  }

  /** @throws as a thread's `call` does; AbortError; RuntimeError when the pool is closed or no thread can be started. */
  async call<M extends keyof C>(
    method: M,
    request: C[M]['request'],
    { signal, transfer = [] }: PoolCallOptions = {},
  ): Promise<C[M]['response']> {
    throwIfAborted(signal);
    const thread = await this.#takeUnlessAborted(signal);
    // Work cannot be stopped: whoever aborts it stops waiting, and the thread is free when it has answered.
    const work = thread.call(method, request, { transfer }).finally(() => this.#giveBack(thread));
    return unlessAborted(work, signal);
  }

  /**
   * Ends the threads.
   *
   * @param reason what open and later calls reject with.
   */
  async close(reason = poolClosed()): Promise<void> {
    this.#closed ??= reason;
    for (const waiter of this.#waiting.splice(0)) waiter.reject(reason);
    await Promise.all([...this.#idle, ...this.#busy].map((thread) => thread.close(reason)));
  }

  async #takeUnlessAborted(signal: AbortSignalLike | undefined): Promise<WorkerThread<C>> {
    const taken = this.#take();
    try {
      return await unlessAborted(taken, signal);
    } catch (error) {
      // One who waits no longer passes the thread on when it comes; that there is none is not told then.
      taken.then(
        (thread) => this.#giveBack(thread),
        () => undefined,
      );
      throw error;
    }
  }

  async #take(): Promise<WorkerThread<C>> {
    if (this.#closed) throw this.#closed;
    const idle = this.#idle.pop();
    if (!idle && this.#busy.size >= this.#options.threads) {
      return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
    }
    return this.#start(idle);
  }

  /** Puts a thread to work, or a new one when it has ended. */
  #start(thread: WorkerThread<C> | undefined): WorkerThread<C> {
    const usable = thread && !thread.ended ? thread : new WorkerThread<C>(this.#options);
    this.#busy.add(usable);
    return usable;
  }

  #giveBack(thread: WorkerThread<C>): void {
    this.#busy.delete(thread);
    for (let next = this.#waiting.shift(); next; next = this.#waiting.shift()) {
      try {
        next.resolve(this.#start(thread));
        return;
      } catch (error) {
        // None can take an ended thread's place; the next who waits may have more luck, and must not wait for ever.
        next.reject(error);
      }
    }
    if (!thread.ended) this.#idle.push(thread);
  }
}

function poolClosed(): RuntimeError {
  return new RuntimeError('The pool of threads is closed.', { remedy: 'Create a new one.' });
}
