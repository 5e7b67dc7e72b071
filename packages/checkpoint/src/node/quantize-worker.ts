import { parentPort } from 'node:worker_threads';
import { type QuantizeRowsInput, quantizeRows } from '../quantize/quantize-rows.js';
import type { QuantizeReply, QuantizeRequest } from './quantize-pool.js';

// The body of a pool's thread: rows come in, quantised rows go back. Buffers are handed over, not copied.
parentPort?.on('message', ({ id, input }: QuantizeRequest) => {
  const { reply, transfer } = answer(id, input);
  parentPort?.postMessage(reply, transfer);
});

function answer(id: number, input: QuantizeRowsInput): { reply: QuantizeReply; transfer: ArrayBuffer[] } {
  try {
    const rows = quantizeRows(input);
    const { packed, scales, zeros } = rows;
    return { reply: { id, rows }, transfer: [packed.buffer, scales.buffer, ...(zeros ? [zeros.buffer] : [])] };
  } catch (error) {
    return { reply: { id, failure: error instanceof Error ? error.message : String(error) }, transfer: [] };
  }
}
