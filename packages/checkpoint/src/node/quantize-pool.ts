import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { RuntimeError } from '@vlmkit/core';
import type { QuantizedRows, QuantizeRowsInput, RowQuantizer } from '../quantize/quantize-rows.js';

/** What a thread is asked. */
export interface QuantizeRequest {
  readonly id: number;
  readonly input: QuantizeRowsInput;
}

/** What it answers. */
export type QuantizeReply =
  | { readonly id: number; readonly rows: QuantizedRows; readonly failure?: undefined }
  | { readonly id: number; readonly failure: string };

/** Threads that quantise. */
export interface QuantizePool {
  readonly threads: number;
  /** For the `quantize` option of a conversion, with `concurrency` of about `threads + 1`. */
  readonly quantize: RowQuantizer;
  /** Ends the threads; work in progress fails. */
  close(): Promise<void>;
}

interface Job {
  readonly input: QuantizeRowsInput;
  resolve(rows: QuantizedRows): void;
  reject(error: Error): void;
}

/** Starts threads that quantise, so that the caller's stays free. They keep the process alive only while they work. */
export function createQuantizePool(threads: number): QuantizePool {
  const jobs = new Map<number, Job>();
  const waiting: number[] = [];
  let nextId = 0;
  let closed: RuntimeError | undefined;

  // The process's own flags are not for the threads: --input-type, for one, would keep them from starting.
  const workers = Array.from({ length: threads }, () => new Worker(workerScript(), { execArgv: [] }));
  const idle = [...workers];
  const fail = (error: RuntimeError): void => {
    if (closed) return;
    closed = error;
    waiting.length = 0;
    for (const worker of workers) worker.unref();
    for (const job of jobs.values()) job.reject(error);
    jobs.clear();
  };
  const dispatch = (): void => {
    while (idle.length > 0 && waiting.length > 0) {
      const id = waiting.shift()!;
      const input = jobs.get(id)?.input;
      if (!input) continue;
      const worker = idle.pop()!;
      worker.ref();
      worker.postMessage({ id, input } satisfies QuantizeRequest, [input.values.buffer as ArrayBuffer]);
    }
  };
  for (const worker of workers) {
    worker.unref();
    worker.on('message', (reply: QuantizeReply) => {
      const job = jobs.get(reply.id);
      // An answer to a job that was given up must not let go of the thread: its end may be waited for.
      if (!job) return;
      jobs.delete(reply.id);
      if (reply.failure === undefined) job.resolve(reply.rows);
      else job.reject(new RangeError(reply.failure));
      worker.unref();
      idle.push(worker);
      dispatch();
    });
    worker.on('error', (cause) => fail(new RuntimeError('A quantisation thread failed.', { cause })));
  }
  return {
    threads,
    quantize: (input) =>
      new Promise((resolve, reject) => {
        if (closed) {
          reject(closed);
          return;
        }
        const id = nextId++;
        jobs.set(id, { input, resolve, reject });
        waiting.push(id);
        dispatch();
      }),
    async close() {
      fail(new RuntimeError('The quantisation pool was closed.'));
      await Promise.all(workers.map((worker) => worker.terminate()));
    },
  };
}

/** The compiled worker: beside this module, or in dist when this module runs from its source. */
function workerScript(): URL {
  const beside = new URL('./quantize-worker.js', import.meta.url);
  return existsSync(fileURLToPath(beside)) ? beside : new URL('../../dist/node/quantize-worker.js', import.meta.url);
}
