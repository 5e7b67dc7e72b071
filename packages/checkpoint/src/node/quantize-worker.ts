import { answerCalls } from '@vlmkit/threads';
import { quantizeRows } from '../quantize/quantize-rows.js';
import type { QuantizeCalls } from './quantize-pool.js';

// The body of a pool's thread: rows come in, quantised rows go back. Buffers are handed over, not copied.
answerCalls<QuantizeCalls>(
  { quantize: quantizeRows },
  { quantize: ({ packed, scales, zeros }) => [packed.buffer, scales.buffer, ...(zeros ? [zeros.buffer] : [])] },
);
