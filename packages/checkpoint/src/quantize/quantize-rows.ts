import { BlockScaleSearch, type QuantBits, rounder } from './block-scale.js';
import { decodeFloat16, encodeFloat16, maxFloat16, roundToFloat16 } from './float16.js';

/*
 * The block-wise layout of onnxruntime's MatMulNBits operator, without zero points. Legend:
 * - n: rows (outputs of a linear layer)   - k: columns (inputs)   - b: block size, divides k
 *
 *   weights [n, k] ─► packed [n, k/b, b * bits / 8] uint8   q + 2^(bits-1); with 4 bits two per byte, the earlier one low
 *                  └► scales [n, k/b] float16               weight = (stored - 2^(bits-1)) * scale
 */

/** Rows of a weight matrix to quantise. */
export interface QuantizeRowsInput {
  /** [rows, columns], row-major. */
  readonly values: Float32Array;
  readonly columns: number;
  /** Weights that share a scale; even, and divides `columns`. */
  readonly blockSize: number;
  readonly bits: QuantBits;
  /** [columns], at least 0: how much an error in each column matters, such as the mean square of that input. */
  readonly importance?: Float32Array;
}

/** Quantised rows. */
export interface QuantizedRows {
  /** [rows, columns / blockSize, blockSize * bits / 8]. */
  readonly packed: Uint8Array<ArrayBuffer>;
  /** [rows, columns / blockSize], float16 bit patterns. */
  readonly scales: Uint16Array<ArrayBuffer>;
}

/** Does {@link quantizeRows}, perhaps elsewhere, such as in a pool of threads. */
export type RowQuantizer = (input: QuantizeRowsInput) => Promise<QuantizedRows>;

/**
 * Quantises rows block by block, each with the scale of least squared error among those tried.
 *
 * @throws RangeError for weights that are not finite or too large for a float16 scale, or sizes that do not divide.
 */
export function quantizeRows(input: QuantizeRowsInput): QuantizedRows {
  const { values, columns, blockSize, bits, importance } = input;
  const blocks = values.length / blockSize;
  if (columns % blockSize !== 0 || values.length % columns !== 0 || blockSize % 2 !== 0) {
    throw new RangeError(`${values.length} weights in rows of ${columns} do not divide into blocks of ${blockSize}.`);
  }
  const search = new BlockScaleSearch(blockSize, bits);
  const scales = new Float32Array(blocks);
  const packed = new Uint8Array((values.length * bits) / 8);
  for (let block = 0; block < blocks; block++) {
    const offset = block * blockSize;
    const exact = search.find(values, offset, importance && { values: importance, offset: offset % columns });
    const scale = roundToFloat16(exact);
    if (!(Math.abs(scale) <= maxFloat16)) {
      throw new RangeError(`The weights ${offset} to ${offset + blockSize} are not finite or too large to quantise.`);
    }
    scales[block] = scale;
    pack({ values, offset, blockSize, bits, scale, packed });
  }
  return { packed, scales: encodeFloat16(scales) };
}

function pack(block: {
  readonly values: Float32Array;
  readonly offset: number;
  readonly blockSize: number;
  readonly bits: QuantBits;
  readonly scale: number;
  readonly packed: Uint8Array;
}): void {
  const { values, offset, blockSize, bits, scale, packed } = block;
  const inverse = scale === 0 ? 0 : 1 / scale;
  const middle = 2 ** (bits - 1);
  const highest = middle - 1;
  if (bits === 8) {
    for (let i = offset; i < offset + blockSize; i++) {
      packed[i] = Math.min(Math.max(values[i]! * inverse, -middle), highest) + rounder - rounder + middle;
    }
    return;
  }
  for (let i = offset; i < offset + blockSize; i += 2) {
    const low = Math.min(Math.max(values[i]! * inverse, -middle), highest) + rounder - rounder + middle;
    const high = Math.min(Math.max(values[i + 1]! * inverse, -middle), highest) + rounder - rounder + middle;
    packed[i >> 1] = low | (high << 4);
  }
}

/** What quantised rows stand for: the weights that a device computes with. */
export function dequantizeRows(rows: QuantizedRows, bits: QuantBits): Float32Array<ArrayBuffer> {
  const { packed } = rows;
  const scales = decodeFloat16(rows.scales);
  const values = new Float32Array((packed.length * 8) / bits);
  const blockSize = values.length / scales.length;
  const middle = 2 ** (bits - 1);
  for (let i = 0; i < values.length; i++) {
    const byte = bits === 8 ? packed[i]! : packed[i >> 1]!;
    const stored = bits === 8 ? byte : i % 2 === 0 ? byte & 15 : byte >> 4;
    values[i] = (stored - middle) * scales[Math.floor(i / blockSize)]!;
  }
  return values;
}
