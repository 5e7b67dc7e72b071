import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { RuntimeError } from '@vlmkit/core';
import { type Answer, type Job, type PreprocessWork, unpackError } from './protocol.js';

interface PendingJob {
  readonly resolve: (output: PreprocessWork[keyof PreprocessWork]['output']) => void;
  readonly reject: (error: Error) => void;
}

/** A thread that does one job at a time. It keeps the process alive only while it works. */
export class PreprocessThread {
  readonly #worker: Worker;
  #pending: PendingJob | undefined;
  #ended: Error | undefined;

  constructor() {
    // The process's own flags are not for the thread: --input-type, for one, would keep it from starting.
    this.#worker = new Worker(workerScript(), { execArgv: [] });
    this.#worker.unref();
    this.#worker.on('message', (answer: Answer) => this.#settle(answer));
    this.#worker.on('messageerror', (cause) => this.#end('sent an answer that cannot be read', cause));
    this.#worker.on('error', (cause) => this.#end('failed', cause));
    this.#worker.on('exit', (code) => this.#end(`ended with code ${code}`));
  }

  /** Whether the thread can take no more jobs. */
  get ended(): boolean {
    return this.#ended !== undefined;
  }

  /** @param handedOver memory of the job's input that the thread takes over. */
  run<K extends keyof PreprocessWork>(
    job: Job<K>,
    handedOver: readonly ArrayBuffer[] = [],
  ): Promise<PreprocessWork[K]['output']> {
    return new Promise((resolve, reject) => {
      if (this.#ended) throw this.#ended;
      this.#worker.postMessage(job, handedOver);
      this.#worker.ref();
      this.#pending = { resolve: (output) => resolve(output as PreprocessWork[K]['output']), reject };
    });
  }

  async close(): Promise<void> {
    this.#end('was closed');
    await this.#worker.terminate();
  }

  #settle(answer: Answer): void {
    const job = this.#pending;
    // An answer to a job that was given up must not let go of the thread: its end is being waited for.
    if (!job) return;
    this.#pending = undefined;
    this.#worker.unref();
    if ('error' in answer) job.reject(unpackError(answer.error));
    else job.resolve(answer.output);
  }

  #end(how: string, cause?: unknown): void {
    if (this.#ended) return;
    this.#ended = new RuntimeError(`A preprocessing thread ${how}.`, {
      ...(cause instanceof Error && { actual: cause.message }),
      remedy: 'If memory ran out, lower maxPixels or use fewer threads.',
      cause,
    });
    this.#worker.unref();
    this.#pending?.reject(this.#ended);
    this.#pending = undefined;
  }
}

/** The compiled worker: beside this module, or in dist when this module runs from its source. */
function workerScript(): URL {
  const beside = new URL('./worker.js', import.meta.url);
  const script = existsSync(fileURLToPath(beside)) ? beside : new URL('../../dist/node/worker.js', import.meta.url);
  if (existsSync(fileURLToPath(script))) return script;
  throw new RuntimeError('The script of the preprocessing threads is missing.', {
    expected: fileURLToPath(beside),
    remedy: 'Run `npm run build`, or reinstall @vlmkit/preprocess.',
  });
}
