import { TimeSlices } from '@vlmkit/core';

/** Work in steps, each of which takes a few milliseconds at most. */
export type Steps<T> = Generator<void, T, void>;

/**
 * Long work on the caller's own thread: one piece at a time, in slices, between which the thread does what else it has to
 * do. (Several pieces that took turns would take their slices one right after the other.)
 */
export class OwnThread {
  readonly #slices = new TimeSlices();
  #last: Promise<unknown> = Promise.resolve();

  /** Does all steps, once the work that was given before has ended. */
  run<T>(steps: Steps<T>): Promise<T> {
    const result = this.#last.then(() => this.#finish(steps));
    this.#last = result.catch(() => undefined);
    return result;
  }

  async #finish<T>(steps: Steps<T>): Promise<T> {
    for (;;) {
      const step = steps.next();
      if (step.done) return step.value;
      await this.#slices.pause();
    }
  }
}

/** Does all steps at once. */
export function atOnce<T>(steps: Steps<T>): T {
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
  }
}
