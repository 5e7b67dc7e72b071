import { beforeEach, describe, expect, it } from 'vitest';
import { collectGarbage } from './testing/collect-garbage.js';
import { TurnQueue, type TurnWork } from './turn-queue.js';

/** A turn that yields its name with 1, 2 and 3, and notes every step that it takes once its turn has come. */
function steps(log: string[], name: string): TurnWork<string> {
  return async function* (turn) {
    await turn;
    try {
      for (const step of [1, 2, 3]) {
        log.push(`${name}${step}`);
        yield `${name}${step}`;
      }
    } finally {
      log.push(`${name} ended`);
    }
  };
}

async function readAll<T>(stream: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = [];
  for await (const item of stream) items.push(item);
  return items;
}

const wholeOf = (name: string) => [`${name}1`, `${name}2`, `${name}3`, `${name} ended`];

describe('TurnQueue', () => {
  it('runs turns one after the other, in the order in which they were asked for', async () => {
    const queue = new TurnQueue();
    const log: string[] = [];
    const names = ['a', 'b', 'c'];
    const read = await Promise.all(names.map((name) => readAll(queue.run(steps(log, name)))));
    expect(read).toEqual(names.map((name) => [`${name}1`, `${name}2`, `${name}3`]));
    expect(log).toEqual(names.flatMap(wholeOf));
  });

  it('finishes a stream that is not read on when another turn waits, and keeps its events in order', async () => {
    const queue = new TurnQueue();
    const log: string[] = [];
    const slow = queue.run(steps(log, 'a'));
    expect((await slow.next()).value).toBe('a1');
    expect(await readAll(queue.run(steps(log, 'b')))).toEqual(['b1', 'b2', 'b3']);
    expect(log).toEqual([...wholeOf('a'), ...wholeOf('b')]);
    expect(await readAll(slow)).toEqual(['a2', 'a3']);
  });

  it('goes on after a stream that is closed early', async () => {
    const queue = new TurnQueue();
    const log: string[] = [];
    for await (const _ of queue.run(steps(log, 'a'))) break;
    expect(log).toEqual(['a1', 'a ended']);
    expect(await readAll(queue.run(steps(log, 'b')))).toEqual(['b1', 'b2', 'b3']);
  });

  it('goes on after a turn that fails, which hears of its failure', async () => {
    const queue = new TurnQueue();
    const failing = readAll(
      // biome-ignore lint/correctness/useYield: it fails before it has anything to yield.
      queue.run<string>(async function* (turn) {
        await turn;
        throw new Error('no memory');
      }),
    );
    const [failed, next] = await Promise.allSettled([failing, readAll(queue.run(steps([], 'b')))]);
    expect(failed).toMatchObject({ status: 'rejected', reason: { message: 'no memory' } });
    expect(next).toEqual({ status: 'fulfilled', value: ['b1', 'b2', 'b3'] });
  });

  it('lets a turn give up its place while it waits, but nobody pass the turn at work', async () => {
    const queue = new TurnQueue();
    const log: string[] = [];
    const first = readAll(queue.run(steps(log, 'a')));
    const impatient = readAll(
      queue.run(async function* () {
        log.push('gone');
        yield 'gone';
      }),
    );
    const third = readAll(queue.run(steps(log, 'c')));
    expect(await impatient).toEqual(['gone']);
    await Promise.all([first, third]);
    expect(log.filter((entry) => entry !== 'gone')).toEqual([...wholeOf('a'), ...wholeOf('c')]);
  });

  describe('lets go of what turns were made of', () => {
    let queue: TurnQueue;
    let passed: WeakRef<object>[];
    beforeEach(() => {
      queue = new TurnQueue();
      passed = [];
    });

    function ask(): AsyncGenerator<object, void, void> {
      const message = { text: 'Hello' };
      passed.push(new WeakRef(message));
      return queue.run(async function* (turn) {
        await turn;
        yield message;
        yield message;
      });
    }

    async function alive(): Promise<number> {
      await collectGarbage();
      return passed.filter((message) => message.deref()).length;
    }

    it('when they have ended', async () => {
      const one = async () => void (await readAll(ask()));
      for (let i = 0; i < 10; i++) await one();
      expect(await alive()).toBe(0);
    });

    it('while others go on', async () => {
      let reading = ask();
      await reading.next();
      for (let i = 0; i < 10; i++) {
        const next = ask();
        await next.next();
        await readAll(reading);
        reading = next;
      }
      // The one that is read, and what this test itself may still hold.
      expect(await alive()).toBeLessThan(4);
      await readAll(reading);
    });
  });
});
