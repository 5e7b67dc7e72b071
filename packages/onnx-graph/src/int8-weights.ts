import {
  byteSize,
  type DataType,
  decodeFloats,
  elementCount,
  type FloatType,
  Int8Matrix,
  isFloatType,
  type Tensor,
  type TensorArrays,
  TimeSlices,
  tensor,
  viewBytes,
  WeightError,
  type WeightFile,
  type WeightInfo,
  type WeightSource,
} from '@vlmkit/core';

/** A dense layer's weight to store as integers. */
export interface Int8Selection {
  /** Canonical name of a matrix [outputs, inputs], e.g. `visual.blocks.0.attn.proj.weight`. */
  readonly name: string;
  /** Number of matrices that are stored one above the other, as 3 in `qkv` (default 1). */
  readonly parts?: number;
}

/**
 * Adds 8-bit forms of dense layers to a checkpoint: for a matrix W [parts·n, k] named `w`,
 *
 * - `w.int8` [parts, k, n] int8 and `w.scale` [parts·n] float32, as in {@link Int8Matrix}
 *
 * Weights are converted when a runtime reads them, one matrix at a time, so the whole is never in JavaScript's memory, and
 * with pauses, so that the thread stays free for others. The float forms stay available. A matrix that the checkpoint
 * already holds as integers, or as blocks of 4 or 8 bits, is left as it is.
 */
export function int8Weights(weights: WeightSource, selections: readonly Int8Selection[]): WeightSource {
  const added = new Map<string, WeightInfo>();
  const cache: Cache = { latest: undefined };
  for (const selection of selections) {
    if (['int8', 'q4', 'q8'].some((form) => weights.has(`${selection.name}.${form}`))) continue;
    for (const info of convertedInfos(weights, selection, cache)) added.set(info.name, info);
  }
  const info: WeightSource['info'] = (name, dims) => {
    const found = added.get(name);
    if (!found) return weights.info(name, dims);
    if (!dims || dims.join() === found.dims.join()) return found;
    throw new WeightError(`${name} has the wrong shape.`, {
      expected: `[${dims.join(', ')}]`,
      actual: `[${found.dims.join(', ')}]`,
    });
  };
  return {
    names: [...weights.names, ...added.keys()],
    has: (name) => added.has(name) || weights.has(name),
    info,
    async read(name) {
      const found = added.get(name);
      if (!found) return weights.read(name);
      const { dtype, dims, file, byteLength } = found;
      return tensor(dtype, dims, viewBytes(dtype, await file.read(0, byteLength)));
    },
  };
}

/** The matrix converted last: a runtime reads what belongs to one matrix in one go. */
interface Cache {
  latest: { readonly name: string; readonly matrix: Promise<Int8Matrix> } | undefined;
}

function convertedInfos(
  weights: WeightSource,
  { name, parts = 1 }: Int8Selection,
  cache: Cache,
): readonly WeightInfo[] {
  const [rows = 0, inputs = 0] = weights.info(name).dims;
  const convert = () => {
    if (cache.latest?.name !== name) {
      cache.latest = { name, matrix: weights.read(name).then((matrix) => convertMatrix(name, matrix, parts)) };
    }
    return cache.latest.matrix;
  };
  const stored = (part: 'scale' | 'int8', dtype: DataType, dims: readonly number[]): WeightInfo => {
    const byteLength = elementCount(dims) * byteSize(dtype);
    const file: WeightFile = {
      location: `${name}.${part}`,
      byteLength,
      async read(offset, length) {
        const matrix = await convert();
        const { buffer } = part === 'scale' ? matrix.scales : matrix.values;
        return new Uint8Array(buffer, offset, length).slice();
      },
    };
    return { name: file.location, dtype, dims, file, offset: 0, byteLength };
  };
  return [stored('scale', 'float32', [rows]), stored('int8', 'int8', [parts, inputs, rows / parts])];
}

/** Rows converted before others get the thread, if their time has come. */
const rowsPerLook = 64;

async function convertMatrix(name: string, { dtype, dims, data }: Tensor, parts: number): Promise<Int8Matrix> {
  const [rows = 0, columns = 0] = dims;
  if (elementCount(dims) !== rows * columns || rows % parts !== 0) {
    throw new WeightError(`${name} is not ${parts} matrices.`, { actual: `[${dims.join(', ')}]` });
  }
  if (!isFloatType(dtype)) throw new WeightError(`${name} is stored as ${dtype}, not as floating point.`);
  const matrix = new Int8Matrix({ rows, columns, parts });
  const slices = new TimeSlices();
  for (let row = 0; row < rows; row += rowsPerLook) {
    const stored = data.subarray(row * columns, Math.min(rows, row + rowsPerLook) * columns);
    try {
      matrix.fill(row, decodeFloats(dtype, stored as TensorArrays[FloatType]));
    } catch (cause) {
      throw new WeightError(`${name} holds values that are not finite.`, {
        remedy: 'Download the checkpoint again.',
        cause,
      });
    }
    await slices.pause();
  }
  return matrix;
}
