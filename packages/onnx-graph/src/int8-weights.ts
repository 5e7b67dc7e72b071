import {
  byteSize,
  type DataType,
  elementCount,
  type Tensor,
  TimeSlices,
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
 * - `w.int8` [parts, k, n] int8: round(W / scale), every part transposed as integer products want it
 * - `w.scale` [parts·n] float32: the largest magnitude of each output's row, over 127
 *
 * Weights are converted when a runtime reads them, one matrix at a time, so the whole is never in JavaScript's memory, and
 * with pauses, so that the thread stays free for others.
 * The float forms stay available. A matrix that the checkpoint already holds as integers is left as it is.
 */
export function int8Weights(weights: WeightSource, selections: readonly Int8Selection[]): WeightSource {
  const added = new Map<string, WeightInfo>();
  const cache: Cache = { latest: undefined };
  for (const { name, parts = 1 } of selections) {
    if (weights.has(`${name}.int8`)) continue;
    for (const info of convertedInfos(weights, name, parts, cache)) added.set(info.name, info);
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
      const bytes = await found.file.read(found.offset, found.byteLength);
      const { dims } = found;
      return found.dtype === 'int8'
        ? { dtype: 'int8', dims, data: new Int8Array(bytes.buffer, bytes.byteOffset, bytes.length) }
        : { dtype: 'float32', dims, data: new Float32Array(bytes.slice().buffer) };
    },
  };
}

/** The matrix converted last: a runtime reads a file in slices, one file after the other. */
interface Cache {
  latest: { readonly name: string; readonly bytes: Promise<Uint8Array> } | undefined;
}

function convertedInfos(weights: WeightSource, name: string, parts: number, cache: Cache): readonly WeightInfo[] {
  const [rows = 0, inputs = 0] = weights.info(name).dims;
  const scaleBytes = rows * byteSize('float32');
  const convert = () => {
    if (cache.latest?.name !== name) {
      cache.latest = { name, bytes: weights.read(name).then((matrix) => convertMatrix(name, matrix, parts)) };
    }
    return cache.latest.bytes;
  };
  const file: WeightFile = {
    location: `${name}.int8`,
    byteLength: scaleBytes + rows * inputs,
    read: async (offset, length) => (await convert()).slice(offset, offset + length),
  };
  const dims = [parts, inputs, rows / parts];
  return [
    { name: `${name}.scale`, dtype: 'float32', dims: [rows], file, offset: 0, byteLength: scaleBytes },
    { name: `${name}.int8`, dtype: 'int8', dims, file, offset: scaleBytes, byteLength: rows * inputs },
  ];
}

/** Rows that are transposed together, so that both sides of the copy stay in the processor's cache. */
const tileRows = 64;

/** The bytes of the scales, then those of the integers. */
async function convertMatrix(name: string, matrix: Tensor, parts: number): Promise<Uint8Array> {
  const [rows = 0, inputs = 0] = matrix.dims;
  if (elementCount(matrix.dims) !== rows * inputs || rows % parts !== 0) {
    throw new WeightError(`${name} is not ${parts} matrices.`, { actual: `[${matrix.dims.join(', ')}]` });
  }
  const bytes = new Uint8Array(rows * (byteSize('float32') + inputs));
  const scales = new Float32Array(bytes.buffer, 0, rows);
  const integers = new Int8Array(bytes.buffer, scales.byteLength);
  const outputs = rows / parts;
  const values = new Float32Array(inputs);
  const tile = new Int8Array(tileRows * inputs);
  const decode = rowDecoder(name, matrix);
  const slices = new TimeSlices();
  for (let part = 0; part < parts; part++) {
    for (let first = 0; first < outputs; first += tileRows) {
      const count = Math.min(tileRows, outputs - first);
      for (let i = 0; i < count; i++) {
        const row = part * outputs + first + i;
        decode(row, values);
        scales[row] = quantizeRow(name, values, tile.subarray(i * inputs, (i + 1) * inputs));
      }
      const target = part * inputs * outputs + first;
      for (let k = 0; k < inputs; k++) {
        for (let i = 0; i < count; i++) integers[target + k * outputs + i] = tile[i * inputs + k]!;
      }
      await slices.pause();
    }
  }
  return bytes;
}

/** Fills `target` and returns the scale. */
function quantizeRow(name: string, values: Float32Array, target: Int8Array): number {
  let largest = 0;
  for (let i = 0; i < values.length; i++) {
    const size = Math.abs(values[i]!);
    if (!(size <= largest)) largest = size;
  }
  if (!Number.isFinite(largest)) {
    throw new WeightError(`${name} holds values that are not finite.`, { remedy: 'Download the checkpoint again.' });
  }
  const scale = Math.fround(largest / 127);
  const inverse = scale > 0 ? 1 / scale : 0;
  for (let i = 0; i < values.length; i++) target[i] = Math.round(values[i]! * inverse);
  return scale;
}

/** Reads one row as float32, whatever the checkpoint's type. */
function rowDecoder(name: string, { dtype, dims, data }: Tensor): (row: number, target: Float32Array) => void {
  const width = dims[1] ?? 0;
  const decoders: { readonly [D in DataType]?: (start: number, target: Float32Array) => void } = {
    float32: (start, target) => target.set((data as Float32Array).subarray(start, start + width)),
    bfloat16: (start, target) => {
      const bits = new Uint32Array(target.buffer, target.byteOffset, width);
      for (let i = 0; i < width; i++) bits[i] = (data as Uint16Array)[start + i]! << 16;
    },
    float16: (start, target) => {
      for (let i = 0; i < width; i++) target[i] = decodeHalf((data as Uint16Array)[start + i]!);
    },
  };
  const decode = decoders[dtype];
  if (!decode) throw new WeightError(`${name} is stored as ${dtype}, not as floating point.`);
  return (row, target) => decode(row * width, target);
}

/** The value of a float16's bits. */
function decodeHalf(bits: number): number {
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  const size =
    exponent === 0
      ? fraction * 2 ** -24
      : exponent === 31
        ? fraction
          ? Number.NaN
          : Number.POSITIVE_INFINITY
        : (1 + fraction / 1024) * 2 ** (exponent - 15);
  return bits & 0x8000 ? -size : size;
}
