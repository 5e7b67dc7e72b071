import { TimeSlices } from '@vlmkit/core';

/**
 * Slices of time that several pieces of work take from together. Each with slices of its own would take one between two turns of
 * the event loop, and a timer would wait for all of them.
 */
export class SharedSlices {
  readonly #slices = new TimeSlices();
  #last: Promise<void> = Promise.resolve();

  /** To be called often by everyone who works; in the order of the calls, each goes on when there is time. */
  pause(): Promise<void> {
    this.#last = this.#last.then(() => this.#slices.pause());
    return this.#last;
  }
}
