/** The scheduler that Node, browsers and workers have in common; portable code has no types of it. */
interface Timers {
  setTimeout(callback: () => void, milliseconds: number): unknown;
}

/** Most milliseconds of work between two pauses. */
const sliceMs = 8;

/** Cuts long work into slices, between which timers and input get their turn. */
export class Slices {
  #end = Date.now() + sliceMs;

  /** Whether it is time to {@link pause}. */
  get over(): boolean {
    return Date.now() >= this.#end;
  }

  async pause(): Promise<void> {
    await new Promise<void>((resolve) => (globalThis as unknown as Timers).setTimeout(resolve, 0));
    this.#end = Date.now() + sliceMs;
  }
}
