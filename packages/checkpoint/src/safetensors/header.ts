import { byteSize, type DataType, decodeUtf8, elementCount, WeightError, type WeightFile } from '@vlmkit/core';
import { describeJson, isJsonObject, type JsonObject } from '../files/json.js';

/*
 * The safetensors format (github.com/huggingface/safetensors):
 *
 *   8 bytes: n, little-endian │ n bytes: JSON header │ tensor bytes, in order, without holes
 *
 * Header: { name: { dtype, shape, data_offsets: [begin, end] relative to the tensor bytes }, __metadata__: { text: text } }
 */

/** Headers over this size are refused, as the format's own library does. */
const maxHeaderBytes = 100_000_000;

/** Type names of the format, by core's. */
export const safetensorsDtypes: Readonly<Record<DataType, string>> = {
  float32: 'F32',
  float16: 'F16',
  bfloat16: 'BF16',
  int64: 'I64',
  int32: 'I32',
  uint8: 'U8',
  int8: 'I8',
  bool: 'BOOL',
};

const dataTypes: ReadonlyMap<string, DataType> = new Map(
  Object.entries(safetensorsDtypes).map(([dtype, name]) => [name, dtype as DataType]),
);

/** Where one tensor of a safetensors file lies. */
export interface SafetensorsEntry {
  /** The name as the file states it. */
  readonly name: string;
  readonly dtype: DataType;
  readonly dims: readonly number[];
  /** Position of the first byte in the file. */
  readonly offset: number;
  readonly byteLength: number;
}

/** The header of a safetensors file. */
export interface SafetensorsHeader {
  /** In the order of their bytes. */
  readonly tensors: readonly SafetensorsEntry[];
  /** The free-form text pairs of `__metadata__`. */
  readonly metadata: Readonly<Record<string, string>>;
}

/**
 * Reads and checks the header of a safetensors file. Everything it states is checked against the file's length, so that
 * later reads of its tensors cannot fall outside.
 *
 * @throws WeightError when the file is truncated or its header is malformed, too large, or lies about types, shapes or ranges.
 */
export async function readSafetensorsHeader(file: WeightFile): Promise<SafetensorsHeader> {
  const size = file.byteLength;
  if (size < 8) throw truncated(file, { expected: 'at least 8', actual: size });
  const prefix = await file.read(0, 8);
  const statedBytes = new DataView(prefix.buffer, prefix.byteOffset, 8).getBigUint64(0, true);
  if (statedBytes > maxHeaderBytes) {
    throw malformed(file, `states a header of ${statedBytes} bytes`, `at most ${maxHeaderBytes}`);
  }
  const headerBytes = Number(statedBytes);
  if (headerBytes > size - 8) throw truncated(file, { expected: `at least ${headerBytes + 8}`, actual: size });
  const header = parseHeader(file, await file.read(8, headerBytes));
  const tensors: SafetensorsEntry[] = [];
  let metadata: Readonly<Record<string, string>> = {};
  for (const [name, entry] of Object.entries(header)) {
    if (name === '__metadata__') metadata = readMetadata(file, entry);
    else tensors.push(readEntry({ file, name, entry, dataStart: 8 + headerBytes }));
  }
  tensors.sort((a, b) => a.offset - b.offset || a.byteLength - b.byteLength);
  checkCoverage(file, tensors, 8 + headerBytes);
  return { tensors, metadata };
}

function parseHeader(file: WeightFile, bytes: Uint8Array): JsonObject {
  let value: unknown;
  try {
    value = JSON.parse(decodeUtf8(bytes));
  } catch (cause) {
    throw malformed(file, 'has a header that is not valid JSON', 'a safetensors file', cause);
  }
  if (isJsonObject(value)) return value;
  throw malformed(file, 'has a header that is not a JSON object', 'a safetensors file');
}

function readMetadata(file: WeightFile, value: unknown): Readonly<Record<string, string>> {
  if (isJsonObject(value) && Object.values(value).every((text) => typeof text === 'string')) {
    return value as Readonly<Record<string, string>>;
  }
  throw malformed(file, 'has metadata that is not a map from text to text', 'text values in __metadata__');
}

function readEntry(source: {
  readonly file: WeightFile;
  readonly name: string;
  readonly entry: unknown;
  readonly dataStart: number;
}): SafetensorsEntry {
  const { file, name, entry, dataStart } = source;
  const fields: JsonObject = isJsonObject(entry) ? entry : {};
  const { dtype: storedType, shape, data_offsets: range } = fields;
  const dtype = typeof storedType === 'string' ? dataTypes.get(storedType) : undefined;
  if (dtype === undefined) {
    throw new WeightError(
      `${name} in ${file.location} is stored as ${describeJson(storedType)}, which vlmkit does not read.`,
      {
        expected: [...dataTypes.keys()].join(', '),
        remedy: 'Use the unquantised checkpoint (bfloat16, float16 or float32).',
      },
    );
  }
  if (!isCountList(shape)) {
    throw malformed(file, `states the shape ${describeJson(shape)} for ${name}`, 'a list of non-negative integers');
  }
  if (!isCountList(range) || range.length !== 2) {
    throw malformed(file, `states the range ${describeJson(range)} for ${name}`, 'data_offsets [begin, end]');
  }
  const [begin = 0, end = 0] = range;
  const byteLength = elementCount(shape) * byteSize(dtype);
  if (end - begin !== byteLength) {
    throw malformed(
      file,
      `gives ${name} the bytes ${begin} to ${end}, which is ${end - begin} bytes`,
      `${byteLength} bytes for ${storedType} of shape [${shape.join(', ')}]`,
    );
  }
  return { name, dtype, dims: shape, offset: dataStart + begin, byteLength };
}

/** The format demands that tensors follow each other without holes or overlaps, up to the end of the file. */
function checkCoverage(file: WeightFile, tensors: readonly SafetensorsEntry[], dataStart: number): void {
  let position = dataStart;
  for (const { name, offset, byteLength } of tensors) {
    if (offset !== position) {
      const fault = offset < position ? 'overlaps the tensor before it' : 'leaves a hole before it';
      throw malformed(
        file,
        `starts ${name} at byte ${offset - dataStart}, which ${fault}`,
        `it to start at byte ${position - dataStart}`,
      );
    }
    position += byteLength;
  }
  if (position > file.byteLength) throw truncated(file, { expected: String(position), actual: file.byteLength });
  if (position < file.byteLength) {
    throw malformed(file, `has ${file.byteLength} bytes`, `${position} bytes by its header`);
  }
}

function isCountList(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.every((item) => Number.isSafeInteger(item) && item >= 0);
}

function truncated(file: WeightFile, sizes: { readonly expected: string; readonly actual: number }): WeightError {
  return new WeightError(`${file.location} is truncated.`, {
    expected: `${sizes.expected} bytes`,
    actual: `${sizes.actual} bytes`,
    remedy: 'Download it again.',
  });
}

function malformed(file: WeightFile, what: string, expected: string, cause?: unknown): WeightError {
  return new WeightError(`${file.location} ${what}.`, {
    expected,
    remedy: 'The file is damaged or not a safetensors file: download it again.',
    cause,
  });
}
