import type { TimeSlices } from '@vlmkit/core';

/** Work in steps, each of which takes a few milliseconds at most. */
export type Steps<T> = Generator<void, T, void>;

/** Does all steps on this thread, in slices, between which it does what else it has to do. */
export async function inSlices<T>(steps: Steps<T>, slices: TimeSlices): Promise<T> {
  for (;;) {
    await slices.pause();
    const step = steps.next();
    if (step.done) return step.value;
  }
}

/** Does all steps at once. */
export function atOnce<T>(steps: Steps<T>): T {
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
  }
}
