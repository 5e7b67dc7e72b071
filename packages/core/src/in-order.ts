/**
 * Runs `work` on each item, `concurrency` (1 or more) at a time, and yields the results in the items' order. No more than
 * that many results wait for their turn.
 *
 * @throws whatever `work` throws, for the first item in order that fails. No other is begun once one has failed, and the
 * error comes when all that were begun have ended: nothing goes on in the background.
 */
export async function* inOrder<Item, Result>(
  items: readonly Item[],
  concurrency: number,
  work: (item: Item) => Promise<Result>,
): AsyncGenerator<Result, void, undefined> {
  const running: Promise<Result>[] = [];
  let next = 0;
  let failed = false;
  try {
    while (next < items.length || running.length > 0) {
      while (!failed && running.length < concurrency && next < items.length) {
        const result = work(items[next++]!);
        // It may fail before its turn comes; the failure is met when it does.
        result.catch(() => {
          failed = true;
        });
        running.push(result);
      }
      yield await running.shift()!;
    }
  } finally {
    await Promise.allSettled(running);
  }
}
