/** How long work may keep its thread to itself, in ms: a fraction of what a person or a request would notice. */
const sliceMs = 10;

/** The two ways to come back later that exist without a browser or Node, whichever there is. */
interface Scheduler {
  readonly setImmediate?: (callback: () => void) => unknown;
  readonly setTimeout: (callback: () => void, ms: number) => unknown;
}

/**
 * Cuts long work on one thread into slices, between which the thread does what else it has to do. Several pieces of work that
 * go on at the same time share theirs: with slices of its own each would take one between two turns of the event loop, and a
 * timer would wait for all of them.
 */
export class TimeSlices {
  #start = Date.now();
  #last: Promise<void> = Promise.resolve();

  /**
   * To be called often by everyone who works: lets others have the thread when the slice is over, and returns at once when it
   * is not. Those who wait go on in the order in which they called.
   */
  pause(): Promise<void> {
    this.#last = this.#last.then(() => this.#whenOver());
    return this.#last;
  }

  async #whenOver(): Promise<void> {
    if (Date.now() - this.#start < sliceMs) return;
    await nextTask();
    this.#start = Date.now();
  }
}

function nextTask(): Promise<void> {
  const { setImmediate, setTimeout } = globalThis as unknown as Scheduler;
  return new Promise((resolve) => {
    if (setImmediate) setImmediate(resolve);
    else setTimeout(resolve, 0);
  });
}
