import { Worker } from 'node:worker_threads';
import { RuntimeError } from '@vlmkit/core';
import { unpackError } from './packed-error.js';
import type { WorkerCall, WorkerReply, WorkerRequest, WorkerResults } from './worker-protocol.js';

/** Calls into the constraint worker. */
export interface WorkerChannel {
  /** @throws PromptError and RuntimeError as the worker does; RuntimeError when it has ended. */
  call<R extends WorkerRequest>(request: R): Promise<WorkerResults[R['method']]>;
  /** Ends the worker. Open calls fail. */
  close(): Promise<void>;
}

interface PendingCall {
  readonly resolve: (value: never) => void;
  readonly reject: (error: Error) => void;
}

/** Starts a worker. */
export function openChannel(): WorkerChannel {
  // The process's own flags are not for the thread: --input-type, for one, would keep it from starting.
  const worker = new Worker(new URL('./constraint-worker.js', import.meta.url), { execArgv: [] });
  const pending = new Map<number, PendingCall>();
  let calls = 0;
  let ended: RuntimeError | undefined;

  /** The process waits for open calls, but not for an idle worker. */
  function settle(reply: WorkerReply): void {
    const open = pending.get(reply.call);
    // An answer to a call that was given up must not let go of the worker: its end is being waited for.
    if (open === undefined) return;
    pending.delete(reply.call);
    if (pending.size === 0) worker.unref();
    if ('value' in reply) open.resolve(reply.value as never);
    else open.reject(unpackError(reply.error));
  }

  function end(error: RuntimeError): void {
    if (ended !== undefined) return;
    ended = error;
    worker.unref();
    for (const call of pending.values()) call.reject(error);
    pending.clear();
  }

  worker.unref();
  worker.on('message', settle);
  worker.on('error', (cause) => {
    end(new RuntimeError('The constraint worker failed.', { actual: `"${cause.message}"`, cause }));
  });
  worker.on('exit', (code) => end(new RuntimeError(`The constraint worker ended with code ${code}.`)));

  return {
    call: (request) =>
      new Promise((resolve, reject) => {
        if (ended !== undefined) {
          reject(ended);
          return;
        }
        const message: WorkerCall = { call: calls++, request };
        pending.set(message.call, { resolve, reject });
        worker.ref();
        worker.postMessage(message);
      }),
    async close() {
      end(new RuntimeError('The constraint compiler has been disposed of.', { remedy: 'Create a new one.' }));
      // From here on the worker keeps the process alive, until it has ended.
      await worker.terminate();
    },
  };
}
