import {
  byteSize,
  decodeFloats,
  encodeFloat16,
  type FloatType,
  type Int8Matrix,
  isFloatType,
  maxFloat16,
  type TensorArrays,
  viewBytes,
  WeightError,
  type WeightInfo,
} from '@vlmkit/core';
import type { Steps } from './steps.js';

/** Values that are converted in a step. */
const valuesPerStep = 1 << 16;

/** Rows that an {@link Int8Matrix} takes in a step; it works on so many together. */
const rowsPerStep = 64;

/**
 * The values of a tensor's bytes as float32: the bytes themselves where they are that already.
 *
 * @throws WeightError for integers.
 */
export function* decodeSteps({ name, dtype }: WeightInfo, bytes: Uint8Array): Steps<Float32Array> {
  if (!isFloatType(dtype)) throw new WeightError(`${name} holds ${dtype}, not real numbers.`);
  const stored = viewBytes<FloatType>(dtype, bytes);
  if (stored instanceof Float32Array) return stored;
  const values = new Float32Array(stored.length);
  for (let first = 0; first < stored.length; first += valuesPerStep) {
    const part = stored.subarray(first, first + valuesPerStep) as TensorArrays[FloatType];
    values.set(decodeFloats<FloatType>(dtype, part), first);
    yield;
  }
  return values;
}

/**
 * float32 to float16 bits.
 *
 * @param offset where the values lie among the tensor's bytes.
 * @throws WeightError for a value that does not fit.
 */
export function* narrowSteps(source: WeightInfo, values: Float32Array, offset: number): Steps<Uint16Array> {
  const narrow = new Uint16Array(values.length);
  for (let first = 0; first < values.length; first += valuesPerStep) {
    const encoded = encodeFloat16(values.subarray(first, first + valuesPerStep));
    const tooLarge = encoded.findIndex((bits) => (bits & 0x7c00) === 0x7c00);
    if (tooLarge >= 0) {
      const index = first + tooLarge;
      throw new WeightError(`${source.name} does not fit float16.`, {
        expected: `values within ±${maxFloat16}`,
        actual: `${values[index]} at element ${offset / byteSize(source.dtype) + index}`,
        remedy: 'Convert to q8 or q4 instead, which keep such tensors as they are.',
      });
    }
    narrow.set(encoded, first);
    yield;
  }
  return narrow;
}

/** Fills a matrix of 8-bit integers with the rows from `first` on. @throws RangeError for values that are not finite. */
export function* fillSteps(
  matrix: Int8Matrix,
  { first, values, columns }: { readonly first: number; readonly values: Float32Array; readonly columns: number },
): Steps<void> {
  const step = rowsPerStep * columns;
  for (let offset = 0; offset < values.length; offset += step) {
    matrix.fill(first + offset / columns, values.subarray(offset, offset + step));
    yield;
  }
}
