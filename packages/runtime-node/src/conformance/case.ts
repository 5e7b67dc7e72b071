import { type DataType, type Runtime, type Tensor, tensor, type WeightFile } from '@vlmkit/core';

/** One thing that every runtime must do. */
export interface ConformanceCase {
  readonly name: string;
  /** Rejects with an Error that says what is wrong. The runtime stays usable for the next case. */
  run(runtime: Runtime): Promise<void>;
}

/** Throws unless `condition` holds. */
export function check(condition: boolean, message: string): asserts condition {
  if (!condition) throw new Error(message);
}

/** Throws unless type, extents and values are equal, or nearly so for floating point. */
export function checkTensor(actual: Tensor, expected: Tensor, tolerance = 0): void {
  const shape = ({ dtype, dims }: Tensor) => `${dtype} [${dims.join(', ')}]`;
  check(shape(actual) === shape(expected), `expected ${shape(expected)}, got ${shape(actual)}`);
  check(actual.data.length === expected.data.length, `expected ${expected.data.length} values`);
  expected.data.forEach((value, i) => {
    const other = actual.data[i];
    // Written so that NaN fails.
    const near = value === other || Math.abs(Number(value) - Number(other)) <= tolerance;
    check(near, `value ${i}: expected ${value}, got ${other}`);
  });
}

/** What a rejection must look like. */
export interface ExpectedError {
  /** Name of the error's class. */
  readonly name: string;
  readonly message: RegExp;
}

/** Throws unless `action` rejects, or throws, with such an error. */
export async function checkRejects(action: () => unknown, expected: ExpectedError): Promise<void> {
  let error: unknown;
  try {
    await action();
  } catch (thrown) {
    error = thrown;
  }
  check(error instanceof Error, `expected a ${expected.name} that matches ${expected.message}, but nothing was thrown`);
  const matches = error.name === expected.name && expected.message.test(error.message);
  check(matches, `expected a ${expected.name} that matches ${expected.message}, got ${error.name}: ${error.message}`);
}

/** Runs a test of float16. A device that does not compute in float16 may refuse it, but must say so. */
export async function unlessWithoutFloat16(runtime: Runtime, test: () => Promise<void>): Promise<void> {
  try {
    await test();
  } catch (error) {
    const refused = error instanceof Error && /does not compute in float16/.test(error.message);
    if (runtime.profile.float16 || !refused) throw error;
  }
}

/** A float32 tensor of the given values. */
export function floats(dims: readonly number[], values: Iterable<number>): Tensor<'float32'> {
  return tensor('float32', dims, Float32Array.from(values));
}

/** A float32 tensor of values between -1 and 1 that look random and are the same each time. */
export function wave(dims: readonly number[], seed = 1): Tensor<'float32'> {
  const length = dims.reduce((product, extent) => product * extent, 1);
  return floats(
    dims,
    Array.from({ length }, (_, i) => Math.sin(i * 12.9898 * seed + seed)),
  );
}

/** A weight file in memory, as it would be read from a server. */
export function memoryFile(location: string, bytes: Uint8Array): WeightFile {
  return {
    location,
    byteLength: bytes.byteLength,
    read: async (offset, length) => bytes.subarray(offset, offset + length),
  };
}

/** The bytes of a tensor. */
export function bytesOf({ data }: Tensor<DataType>): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}
