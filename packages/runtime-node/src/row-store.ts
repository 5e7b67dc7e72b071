import { type DataType, elementCount, RuntimeError, type Tensor, type TensorArrays } from '@vlmkit/core';
import type { Tensor as OrtTensor } from 'onnxruntime-node';
import { allocate, tensorBytes, toOrt } from './ort-tensor.js';
import type { CreateRowsRequest, KeptTensor } from './protocol.js';

/** Which of several equal parts of a tensor's rows. */
export interface RowPart {
  readonly part: number;
  readonly parts: number;
}

/** One of several equal parts of rows; a number of rows that does not divide shows in the part's own. */
export function partOf({ dtype, dims: [rows = 0, ...rowDims] }: KeptTensor, parts: number): KeptTensor {
  return { dtype, dims: [rows / parts, ...rowDims] };
}

/** Rows in the inference thread's memory: fed as a view of the filled part, grown by copying a run's new rows. */
export class RowStore {
  readonly #dtype: DataType;
  readonly #rowDims: readonly number[];
  readonly #capacity: number;
  readonly #data: TensorArrays[DataType];
  #length = 0;

  constructor({ dtype, rowDims, capacity }: CreateRowsRequest) {
    this.#dtype = dtype;
    this.#rowDims = rowDims;
    this.#capacity = capacity;
    try {
      this.#data = allocate(dtype, elementCount(rowDims) * capacity);
    } catch (cause) {
      const megabytes = Math.ceil(tensorBytes(dtype, [capacity, ...rowDims]) / 2 ** 20);
      throw new RuntimeError(`There is no memory for a row buffer of ${capacity} rows (${megabytes} MiB).`, {
        remedy: 'Ask for a smaller capacity, or free other buffers.',
        cause,
      });
    }
  }

  get length(): number {
    return this.#length;
  }

  /** The rows filled so far, [length, ...rowDims], without a copy. */
  view(): OrtTensor {
    const filled = this.#data.subarray(0, this.#length * elementCount(this.#rowDims)) as TensorArrays[DataType];
    return toOrt(this.#dtype, filled, [this.#length, ...this.#rowDims]);
  }

  /** Throws a RuntimeError unless `rows` is [k, ...rowDims] of the right type and fits. */
  check(output: string, rows: KeptTensor): void {
    const [count = 0, ...rowDims] = rows.dims;
    if (rows.dtype !== this.#dtype || rowDims.join() !== this.#rowDims.join() || !Number.isInteger(rows.dims[0])) {
      throw new RuntimeError(`The output "${output}" does not consist of rows of its buffer.`, {
        expected: `${this.#dtype} [rows, ${this.#rowDims.join(', ')}]`,
        actual: `${rows.dtype} [${rows.dims.join(', ')}]`,
      });
    }
    if (this.#length + count > this.#capacity) {
      throw new RuntimeError(`The row buffer for the output "${output}" is full.`, {
        expected: `at most ${this.#capacity} rows`,
        actual: `${this.#length} rows and ${count} more`,
        remedy: 'Reserve a larger capacity, or truncate the buffer first.',
      });
    }
  }

  /** Copies one part of checked rows to the end. */
  append({ data, dims: [rows = 0] }: Tensor, { part, parts }: RowPart): void {
    const size = data.length / parts;
    // Both arrays have the buffer's element type, which `check` has made sure of.
    const own = (data as Uint8Array).subarray(part * size, (part + 1) * size);
    (this.#data as Uint8Array).set(own, this.#length * elementCount(this.#rowDims));
    this.#length += rows / parts;
  }

  truncate(length: number): void {
    this.#length = Math.min(this.#length, length);
  }
}
