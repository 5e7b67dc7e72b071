import { type AbortSignalLike, throwIfAborted, unlessAborted } from '@vlmkit/core';

interface Running<T> {
  readonly result: Promise<T>;
  /** Signals of all who wait; work without a signal is wanted to the end. */
  readonly waiting: (AbortSignalLike | undefined)[];
  /** Aborted when nobody wants the result any longer. */
  readonly signal: AbortSignalLike;
}

/** Work by key, done once for all who ask for it while it runs. */
export class SharedWork<T> {
  readonly #running = new Map<string, Running<T>>();

  /**
   * Joins the work of this key, or starts it. Whoever aborts stops waiting; the work itself is aborted when all have.
   *
   * @throws AbortError when `signal` was aborted, and whatever the work throws.
   */
  async run(key: string, work: (signal: AbortSignalLike) => Promise<T>, signal?: AbortSignalLike): Promise<T> {
    throwIfAborted(signal);
    const running = this.#running.get(key);
    if (running && !running.signal.aborted) {
      running.waiting.push(signal);
      return unlessAborted(running.result, signal);
    }
    return unlessAborted(this.#start(key, work, signal), signal);
  }

  #start(key: string, work: (signal: AbortSignalLike) => Promise<T>, first: AbortSignalLike | undefined): Promise<T> {
    const waiting = [first];
    const signal: AbortSignalLike = {
      get aborted() {
        return waiting.every((one) => one?.aborted === true);
      },
    };
    const running: Running<T> = {
      waiting,
      signal,
      result: work(signal).finally(() => {
        if (this.#running.get(key) === running) this.#running.delete(key);
      }),
    };
    this.#running.set(key, running);
    return running.result;
  }
}
