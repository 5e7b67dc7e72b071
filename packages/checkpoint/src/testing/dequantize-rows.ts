import { decodeFloat16 } from '@vlmkit/core';
import type { QuantBits } from '../quantize/block-scale.js';
import type { QuantizedRows } from '../quantize/quantize-rows.js';

/** What quantised rows stand for: the weights that a device computes with. `rows` counts them, where there are zeros. */
export function dequantizeRows(quantized: QuantizedRows, bits: QuantBits, rows = 1): Float32Array<ArrayBuffer> {
  const { packed, zeros } = quantized;
  const scales = decodeFloat16(quantized.scales);
  const values = new Float32Array((packed.length * 8) / bits);
  const blockSize = values.length / scales.length;
  const blocksPerRow = scales.length / rows;
  const nibble = (bytes: Uint8Array, i: number) => (i % 2 === 0 ? bytes[i >> 1]! & 15 : bytes[i >> 1]! >> 4);
  for (let i = 0; i < values.length; i++) {
    const block = Math.floor(i / blockSize);
    const row = Math.floor(block / blocksPerRow);
    const zero = zeros
      ? nibble(zeros, row * 2 * Math.ceil(blocksPerRow / 2) + (block % blocksPerRow))
      : 2 ** (bits - 1);
    values[i] = ((bits === 8 ? packed[i]! : nibble(packed, i)) - zero) * scales[block]!;
  }
  return values;
}
