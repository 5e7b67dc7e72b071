import { encodeFloat16, maxFloat16, roundToFloat16 } from '@vlmkit/core';
import { type BlockRange, BlockRangeSearch } from './block-range.js';
import { BlockScaleSearch, type QuantBits, rounder } from './block-scale.js';
import { atOnce, type Steps } from './steps.js';

/*
 * The block-wise layout of onnxruntime's MatMulNBits operator. Legend:
 * - n: rows (outputs of a linear layer)   - k: columns (inputs)   - b: block size, divides k
 *
 *   weights [n, k] ─┬► packed [n, k/b, b * bits / 8] uint8   with 4 bits two per byte, the earlier one low
 *                   ├► scales [n, k/b] float16               weight = (stored - zero) * scale
 *                   └► zeros [n, ceil(k/b / 2)] uint8        packed like weights; where left out, zero = 2^(bits-1)
 */

/** Rows of a weight matrix to quantise. */
export interface QuantizeRowsInput {
  /** [rows, columns], row-major. */
  readonly values: Float32Array;
  readonly columns: number;
  /** Weights that share a scale; even, and divides `columns`. */
  readonly blockSize: number;
  readonly bits: QuantBits;
  /** Give every block a zero of its own, for 4 bits (default false). */
  readonly zeros?: boolean;
}

/** Quantised rows. */
export interface QuantizedRows {
  /** [rows, columns / blockSize, blockSize * bits / 8]. */
  readonly packed: Uint8Array<ArrayBuffer>;
  /** [rows, columns / blockSize], float16 bit patterns. */
  readonly scales: Uint16Array<ArrayBuffer>;
  /** [rows, ceil(columns / blockSize / 2)], where blocks have zeros of their own. */
  readonly zeros?: Uint8Array<ArrayBuffer>;
}

/** Does {@link quantizeRows}, perhaps elsewhere, such as in a pool of threads. */
export type RowQuantizer = (input: QuantizeRowsInput) => Promise<QuantizedRows>;

/** Weights that are quantised in a step: about a millisecond's work. */
const weightsPerStep = 8192;

/**
 * Quantises rows block by block, each with the scale (and zero) of least error among those tried.
 *
 * @throws RangeError for weights that are not finite or too large for a float16 scale, or sizes that do not divide.
 */
export function quantizeRows(input: QuantizeRowsInput): QuantizedRows {
  return atOnce(quantizeSteps(input));
}

/** Does {@link quantizeRows} in steps. */
export function* quantizeSteps(input: QuantizeRowsInput): Steps<QuantizedRows> {
  const { values, columns, blockSize, bits } = input;
  const blocks = values.length / blockSize;
  if (columns % blockSize !== 0 || values.length % columns !== 0 || blockSize % 2 !== 0) {
    throw new RangeError(`${values.length} weights in rows of ${columns} do not divide into blocks of ${blockSize}.`);
  }
  const search = rangeFinder(input);
  const scales = new Float32Array(blocks);
  const packed = new Uint8Array((values.length * bits) / 8);
  const zeros = input.zeros ? new NibbleRows(columns / blockSize, values.length / columns) : undefined;
  const blocksPerStep = Math.ceil(weightsPerStep / blockSize);
  for (let block = 0; block < blocks; block++) {
    if (block % blocksPerStep === 0) yield;
    const offset = block * blockSize;
    const found = search(values, offset);
    const scale = roundToFloat16(found.scale);
    if (!(Math.abs(scale) <= maxFloat16)) {
      throw new RangeError(`The weights ${offset} to ${offset + blockSize} are not finite or too large to quantise.`);
    }
    scales[block] = scale;
    zeros?.set(block, found.zero);
    pack({ values, offset, blockSize, bits, scale, zero: found.zero, packed });
  }
  return { packed, scales: encodeFloat16(scales), ...(zeros && { zeros: zeros.bytes }) };
}

type RangeFinder = (values: Float32Array, offset: number) => BlockRange;

function rangeFinder({ blockSize, bits, zeros }: QuantizeRowsInput): RangeFinder {
  if (zeros && bits !== 4) throw new RangeError('Blocks have zeros of their own with 4 bits only.');
  if (zeros) {
    const ranges = new BlockRangeSearch(blockSize);
    return (...block) => ranges.find(...block);
  }
  const scales = new BlockScaleSearch(blockSize, bits);
  const zero = 2 ** (bits - 1);
  return (...block) => ({ scale: scales.find(...block), zero });
}

/** Numbers of 4 bits, two per byte, every row from a byte of its own. */
class NibbleRows {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly #width: number;
  readonly #rowBytes: number;

  constructor(width: number, rows: number) {
    this.#width = width;
    this.#rowBytes = Math.ceil(width / 2);
    this.bytes = new Uint8Array(rows * this.#rowBytes);
  }

  set(index: number, value: number): void {
    const column = index % this.#width;
    const byte = ((index - column) / this.#width) * this.#rowBytes + (column >> 1);
    this.bytes[byte] = this.bytes[byte]! | (column % 2 === 0 ? value : value << 4);
  }
}

function pack(block: {
  readonly values: Float32Array;
  readonly offset: number;
  readonly blockSize: number;
  readonly bits: QuantBits;
  readonly scale: number;
  readonly zero: number;
  readonly packed: Uint8Array;
}): void {
  const { values, offset, blockSize, bits, scale, zero, packed } = block;
  const inverse = scale === 0 ? 0 : 1 / scale;
  const highest = 2 ** bits - 1 - zero;
  if (bits === 8) {
    for (let i = offset; i < offset + blockSize; i++) {
      packed[i] = Math.min(Math.max(values[i]! * inverse, -zero), highest) + rounder - rounder + zero;
    }
    return;
  }
  for (let i = offset; i < offset + blockSize; i += 2) {
    const low = Math.min(Math.max(values[i]! * inverse, -zero), highest) + rounder - rounder + zero;
    const high = Math.min(Math.max(values[i + 1]! * inverse, -zero), highest) + rounder - rounder + zero;
    packed[i >> 1] = low | (high << 4);
  }
}
