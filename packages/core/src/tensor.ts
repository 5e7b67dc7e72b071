/** Host arrays by element type. float16 and bfloat16 travel as their raw 16-bit patterns. */
export interface TensorArrays {
  readonly float32: Float32Array;
  readonly float16: Uint16Array;
  readonly bfloat16: Uint16Array;
  readonly int64: BigInt64Array;
  readonly int32: Int32Array;
  readonly uint8: Uint8Array;
  readonly int8: Int8Array;
  readonly bool: Uint8Array;
}

/** Element types that vlmkit moves between host and device. */
export type DataType = keyof TensorArrays;

/** Element types that a model computes in. */
export type ComputeType = 'float32' | 'float16';

/** A dense, row-major tensor in host memory. */
export interface Tensor<T extends DataType = DataType> {
  readonly dtype: T;
  /** Extents, outermost first; their product is `data.length`. */
  readonly dims: readonly number[];
  readonly data: TensorArrays[T];
}

const bytesPerElement: Readonly<Record<DataType, number>> = {
  float32: 4,
  float16: 2,
  bfloat16: 2,
  int64: 8,
  int32: 4,
  uint8: 1,
  int8: 1,
  bool: 1,
};

/** Size of one element of `dtype`, in bytes. */
export function byteSize(dtype: DataType): number {
  return bytesPerElement[dtype];
}

/** Number of elements in a tensor of these extents (1 for a scalar's empty list). */
export function elementCount(dims: readonly number[]): number {
  return dims.reduce((product, extent) => product * extent, 1);
}

/**
 * Wraps an array as a tensor.
 *
 * @throws RangeError when the extents do not multiply to the array's length.
 */
export function tensor<T extends DataType>(dtype: T, dims: readonly number[], data: TensorArrays[T]): Tensor<T> {
  const expected = elementCount(dims);
  if (data.length !== expected) {
    throw new RangeError(
      `A ${dtype} tensor of shape [${dims.join(', ')}] has ${expected} elements, but the array holds ${data.length}.`,
    );
  }
  return { dtype, dims, data };
}

/** An int64 tensor from plain numbers. */
export function int64(dims: readonly number[], values: Iterable<number>): Tensor<'int64'> {
  return tensor('int64', dims, BigInt64Array.from(values, BigInt));
}

/**
 * Views `bytes` as elements of `dtype`; copies only when the offset is not aligned to the element size.
 *
 * @throws RangeError when the bytes do not divide into elements.
 */
export function viewBytes<T extends DataType>(dtype: T, bytes: Uint8Array): TensorArrays[T] {
  const size = byteSize(dtype);
  if (bytes.byteLength % size !== 0) {
    throw new RangeError(`${bytes.byteLength} bytes do not divide into ${dtype} elements of ${size} bytes.`);
  }
  // Not bytes.slice(): a Node Buffer's slice is a view.
  const aligned = bytes.byteOffset % size === 0 ? bytes : Uint8Array.from(bytes);
  const { buffer, byteOffset } = aligned;
  const length = aligned.byteLength / size;
  const arrays: { readonly [D in DataType]: () => TensorArrays[D] } = {
    float32: () => new Float32Array(buffer, byteOffset, length),
    float16: () => new Uint16Array(buffer, byteOffset, length),
    bfloat16: () => new Uint16Array(buffer, byteOffset, length),
    int64: () => new BigInt64Array(buffer, byteOffset, length),
    int32: () => new Int32Array(buffer, byteOffset, length),
    uint8: () => new Uint8Array(buffer, byteOffset, length),
    int8: () => new Int8Array(buffer, byteOffset, length),
    bool: () => new Uint8Array(buffer, byteOffset, length),
  };
  return arrays[dtype]();
}
