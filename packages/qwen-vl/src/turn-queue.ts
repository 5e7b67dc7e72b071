/** Work of one turn, which waits for `turn` before it touches what the turns share. */
export type TurnWork<T> = (turn: Promise<void>) => AsyncGenerator<T, void, void>;

/**
 * Lets streams that share a state run one after the other, in the order in which they were first read.
 *
 * A stream works only while it is read, so that a reader who stops in the middle would keep all others waiting. As soon as
 * another stream waits, the one before it is therefore read to its end on its reader's behalf, who finds the events kept.
 */
export class TurnQueue {
  /** The latest turn, until it and all before it have ended. */
  #last: Turn<unknown> | undefined;

  async *run<T>(work: TurnWork<T>): AsyncGenerator<T, void, void> {
    const turn = this.#enter(work);
    try {
      for (;;) {
        const event = await turn.next();
        if (event.done) return;
        yield event.value;
      }
    } finally {
      await turn.close();
    }
  }

  #enter<T>(work: TurnWork<T>): Turn<T> {
    const before = this.#last;
    const turn = new Turn(work, before?.ended ?? Promise.resolve());
    this.#last = turn;
    void before?.readAhead();
    void turn.ended.then(() => {
      if (this.#last === turn) this.#last = undefined;
    });
    return turn;
  }
}

/**
 * A stream in the queue. It knows of those before it only when they end: were it to hold them, all that was ever passed to a
 * turn would live as long as the queue.
 */
class Turn<T> {
  /** Resolves when this turn and all before it have ended, in whatever way. */
  readonly ended: Promise<void>;
  readonly #events: AsyncGenerator<T, void, void>;
  /** What was read ahead, in order. */
  readonly #kept: Promise<IteratorResult<T, void>>[] = [];

  /** @param before resolves when all turns before this one have ended. */
  constructor(work: TurnWork<T>, before: Promise<void>) {
    let end = (): void => undefined;
    const own = new Promise<void>((resolve) => {
      end = resolve;
    });
    this.ended = own.then(() => before);
    this.#events = untilEnd(work(before), end);
  }

  next(): Promise<IteratorResult<T, void>> {
    return this.#kept.shift() ?? this.#events.next();
  }

  async close(): Promise<void> {
    await this.#events.return();
  }

  /**
   * Works on without waiting for the reader. Generators answer requests in the order in which they came, so that events of
   * this reader and of the true one never change places.
   */
  async readAhead(): Promise<void> {
    for (;;) {
      const next = this.#events.next();
      this.#kept.push(next);
      // A failure is the reader's to hear of.
      const event = await next.catch(() => undefined);
      if (!event || event.done) return;
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
