import { RuntimeError } from '@vlmkit/core';
import { ThreadPool } from '@vlmkit/threads';
import type { QuantizedRows, QuantizeRowsInput, RowQuantizer } from '../quantize/quantize-rows.js';

/** The work that a thread does. */
export interface QuantizeCalls {
  readonly quantize: { readonly request: QuantizeRowsInput; readonly response: QuantizedRows };
}

/** Threads that quantise. */
export interface QuantizePool {
  readonly threads: number;
  /** For the `quantize` option of a conversion, with `concurrency` of about `threads + 1`. */
  readonly quantize: RowQuantizer;
  /** Ends the threads; work in progress fails. */
  close(): Promise<void>;
}

/** A pool of threads that quantise, so that the caller's stays free. They keep the process alive only while they work. */
export function createQuantizePool(threads: number): QuantizePool {
  const pool = new ThreadPool<QuantizeCalls>({
    threads,
    script: new URL('./quantize-worker.js', import.meta.url),
    name: 'a quantisation thread',
    remedy: 'If memory ran out, use fewer threads.',
  });
  return {
    threads,
    quantize: (input) => pool.call('quantize', input, { transfer: [input.values.buffer as ArrayBuffer] }),
    close: () => pool.close(new RuntimeError('The quantisation pool was closed.', { remedy: 'Create a new one.' })),
  };
}
