import { parentPort } from 'node:worker_threads';
import { RuntimeError } from '@vlmkit/core';
import type { CallMessage, CallTable, Handlers, ReplyMessage, Transfers } from './calls.js';
import { packError } from './packed-error.js';

/**
 * Answers the calls of a {@link WorkerThread}, one after another in the order they were made, for as long as the thread
 * lives. A handler that throws fails its own call; what is thrown outside of one ends the thread and fails them all.
 *
 * @param transfers which memory of the responses is handed over; the rest is copied.
 * @throws RuntimeError outside of a thread.
 */
export function answerCalls<C extends CallTable<C>>(handlers: Handlers<C>, transfers: Transfers<C> = {}): void {
  const port = parentPort;
  if (!port) {
    throw new RuntimeError('There are no calls to answer in the main thread.', {
      remedy: 'Call answerCalls in the module that a WorkerThread starts.',
    });
  }
  const answer = async ({ id, method, request }: CallMessage): Promise<void> => {
    const name = method as keyof C;
    try {
      const response = await handlers[name](request);
      port.postMessage({ id, response } satisfies ReplyMessage, transfers[name]?.(response));
    } catch (error) {
      port.postMessage({ id, error: packError(error) } satisfies ReplyMessage);
    }
  };
  let last = Promise.resolve();
  port.on('message', (message: CallMessage) => {
    last = last.then(() => answer(message));
  });
  // Without the request there is no telling which call it was: its caller learns of it by the thread's end.
  port.on('messageerror', ({ message }) => {
    throw new Error(`A call cannot be read: ${message}`);
  });
}
