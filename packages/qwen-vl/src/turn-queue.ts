/** Work of one turn, which waits for `turn` before it touches what the turns share. */
export type TurnWork<T> = (turn: Promise<void>) => AsyncGenerator<T, void, void>;

/** A place in the queue. */
interface Place {
  /** Resolves when this turn and all before it have ended, in whatever way. */
  readonly ended: Promise<void>;
  /** Works on without waiting for the reader. */
  hurry(): void;
}

/**
 * Lets streams that share a state run one after the other, in the order in which they were first read.
 *
 * A stream works only while it is read, so that a reader who stops in the middle would keep all others waiting. As soon as
 * another stream waits, the one before it is therefore read to its end on its reader's behalf, who finds the events kept.
 */
export class TurnQueue {
  #last: Place | undefined;

  async *run<T>(work: TurnWork<T>): AsyncGenerator<T, void, void> {
    const before = this.#last;
    let end = (): void => undefined;
    const own = new Promise<void>((resolve) => {
      end = resolve;
    });
    const events = untilEnd(work(before?.ended ?? Promise.resolve()), end);
    const kept: Promise<IteratorResult<T, void>>[] = [];
    this.#last = {
      ended: before ? own.then(() => before.ended) : own,
      hurry: () => void readAhead(events, kept),
    };
    before?.hurry();
    try {
      for (;;) {
        const event = await (kept.shift() ?? events.next());
        if (event.done) return;
        yield event.value;
      }
    } finally {
      await events.return();
    }
  }
}

async function* untilEnd<T>(events: AsyncGenerator<T, void, void>, end: () => void): AsyncGenerator<T, void, void> {
  try {
    yield* events;
  } finally {
    end();
  }
}

/** Generators answer requests in the order in which they came, so that events of this reader and of the true one never change places. */
async function readAhead<T>(
  events: AsyncGenerator<T, void, void>,
  kept: Promise<IteratorResult<T, void>>[],
): Promise<void> {
  for (;;) {
    const next = events.next();
    kept.push(next);
    // A failure is the reader's to hear of.
    const event = await next.catch(() => undefined);
    if (!event || event.done) return;
  }
}
