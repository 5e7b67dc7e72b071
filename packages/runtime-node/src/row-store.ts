import {
  byteSize,
  elementCount,
  type RowBuffersOptions,
  RuntimeError,
  type Tensor,
  type TensorArrays,
} from '@vlmkit/core';
import type { Tensor as OrtTensor } from 'onnxruntime-node';
import { allocate, toOrt } from './ort-tensor.js';
import type { KeptTensor } from './protocol.js';

/** Row buffers in the inference thread's memory: fed as views of what is filled, grown by copying a run's new rows. */
export class RowStore {
  /** Outputs that fill the buffers. */
  readonly outputs: readonly string[];
  readonly #options: RowBuffersOptions;
  readonly #buffers: ReadonlyMap<string, TensorArrays['float32']>;
  readonly #rowSize: number;
  #length = 0;

  constructor(options: RowBuffersOptions) {
    const { dtype, rowDims, capacity, filledBy } = options;
    this.#options = options;
    this.#rowSize = elementCount(rowDims);
    this.outputs = Object.keys(filledBy);
    const names = Object.values(filledBy).flat();
    try {
      // Every buffer is an array of the same type; which one does not matter here.
      const buffer = () => allocate(dtype, this.#rowSize * capacity) as TensorArrays['float32'];
      this.#buffers = new Map(names.map((name) => [name, buffer()]));
    } catch (cause) {
      const megabytes = Math.ceil((names.length * capacity * this.#rowSize * byteSize(dtype)) / 2 ** 20);
      throw new RuntimeError(
        `There is no memory for ${names.length} row buffers of ${capacity} rows (${megabytes} MiB).`,
        { remedy: 'Ask for a smaller capacity, or free other buffers.', cause },
      );
    }
  }

  /** Rows filled in each buffer. */
  get length(): number {
    return this.#length;
  }

  /** The rows filled so far of every buffer, [length, ...rowDims], by name, without a copy. */
  views(): Record<string, OrtTensor> {
    const { dtype, rowDims } = this.#options;
    const views: Record<string, OrtTensor> = {};
    for (const [name, buffer] of this.#buffers) {
      views[name] = toOrt(dtype, buffer.subarray(0, this.#length * this.#rowSize), [this.#length, ...rowDims]);
    }
    return views;
  }

  /**
   * Looks at the outputs of a run before any of them is appended, so that a run that fails leaves the buffers as they were.
   *
   * @throws RuntimeError unless each is [n·k, ...rowDims] of the right type for its n buffers, the same k for all, and fits.
   */
  check(kindOf: (output: string) => KeptTensor): void {
    const counts = this.outputs.map((output) => this.#newRows(output, kindOf(output)));
    const [count = 0] = counts;
    const odd = counts.findIndex((other) => other !== count);
    if (odd > 0) {
      throw new RuntimeError(
        `The output "${this.outputs[odd]}" fills its buffers by another number of rows than others.`,
        {
          expected: `${count} rows each`,
          actual: `${counts[odd]}`,
        },
      );
    }
    const { capacity } = this.#options;
    if (this.#length + count > capacity) {
      throw new RuntimeError(`The row buffers for the output "${this.outputs[0]}" are full.`, {
        expected: `at most ${capacity} rows`,
        actual: `${this.#length} rows and ${count} more`,
        remedy: 'Reserve a larger capacity, or truncate the buffers first.',
      });
    }
  }

  /** Copies checked outputs to the ends of their buffers. */
  append(outputs: ReadonlyMap<string, Tensor>): void {
    let added = 0;
    for (const [output, { data }] of outputs) {
      const names = this.#options.filledBy[output]!;
      const size = data.length / names.length;
      for (const [part, name] of names.entries()) {
        // Both arrays have the buffers' element type, which `check` has made sure of.
        const rows = (data as TensorArrays['float32']).subarray(part * size, (part + 1) * size);
        this.#buffers.get(name)!.set(rows, this.#length * this.#rowSize);
      }
      added = size / this.#rowSize;
    }
    this.#length += added;
  }

  truncate(length: number): void {
    this.#length = Math.min(this.#length, length);
  }

  /** Rows that an output has for each of its buffers. */
  #newRows(output: string, { dtype, dims }: KeptTensor): number {
    const { dtype: own, rowDims, filledBy } = this.#options;
    const buffers = filledBy[output]!.length;
    const [rows = 0, ...extents] = dims;
    if (dtype === own && extents.join() === rowDims.join() && rows % buffers === 0) return rows / buffers;
    throw new RuntimeError(`The output "${output}" does not consist of rows of its buffers.`, {
      expected: `${own} [${buffers > 1 ? `${buffers} times ` : ''}rows, ${rowDims.join(', ')}]`,
      actual: `${dtype} [${dims.join(', ')}]`,
    });
  }
}
