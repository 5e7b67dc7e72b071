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
  function settle(call: number): PendingCall | undefined {
    const found = pending.get(call);
    pending.delete(call);
    if (pending.size === 0) worker.unref();
    return found;
  }

  function end(error: RuntimeError): void {
    ended ??= error;
    for (const call of [...pending.keys()]) settle(call)?.reject(ended);
  }

  worker.unref();
  worker.on('message', (reply: WorkerReply) => {
    const open = settle(reply.call);
    if ('value' in reply) open?.resolve(reply.value as never);
    else open?.reject(unpackError(reply.error));
  });
  worker.on('error', (cause) => {
    end(new RuntimeError('The constraint worker failed.', { actual: `"${cause.message}"`, cause }));
  });
  worker.on('exit', () => end(new RuntimeError('The constraint compiler has been disposed of, or its worker ended.')));

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
      await worker.terminate();
    },
  };
}
