import { readFileSync } from 'node:fs';
import { int64, tensor, WeightError, type WeightFile } from '@vlmkit/core';
import { describe, expect, it } from 'vitest';
import { filesFromMemory } from '../files/memory-files.js';
import { openWeightFile } from '../weights/weight-files.js';
import { encodeSafetensors } from './encode.js';
import { readSafetensorsHeader } from './header.js';

function open(bytes: Uint8Array): Promise<WeightFile> {
  return openWeightFile(filesFromMemory(new Map([['model.safetensors', bytes]])), 'model.safetensors');
}

/** A file with this header, whatever it says, and `dataBytes` of tensor bytes. */
function fileWith(header: unknown, dataBytes: number): Uint8Array {
  const json = new TextEncoder().encode(typeof header === 'string' ? header : JSON.stringify(header));
  const bytes = new Uint8Array(8 + json.length + dataBytes);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(json.length), true);
  bytes.set(json, 8);
  return bytes;
}

const vector = (begin: number, end: number) => ({
  dtype: 'F32',
  shape: [(end - begin) / 4],
  data_offsets: [begin, end],
});

describe('a file of the safetensors library', () => {
  it('is read with every element type, a scalar and an empty tensor', async () => {
    const file = await open(readFileSync('fixtures/checkpoint/every-dtype.safetensors'));
    const { tensors, metadata } = await readSafetensorsHeader(file);
    expect(metadata).toEqual({ format: 'pt' });
    const shapes = Object.fromEntries(tensors.map(({ name, dims }) => [name, dims]));
    const types = ['float32', 'float16', 'bfloat16', 'int64', 'int32', 'uint8', 'int8', 'bool'];
    expect(shapes).toEqual({ ...Object.fromEntries(types.map((type) => [type, [2, 3]])), scalar: [], empty: [0, 4] });
    for (const { name, dtype } of tensors) if (types.includes(name)) expect(dtype).toBe(name);
    const whole = tensors.find(({ name }) => name === 'int64');
    const bytes = await file.read(whole?.offset ?? 0, whole?.byteLength ?? 0);
    expect([...new BigInt64Array(bytes.slice().buffer)]).toEqual([0n, 1n, 2n, 3n, 100n, 7n]);
  });
});

describe('encodeSafetensors', () => {
  it('writes what the reader reads back, aligned, with metadata', async () => {
    const bytes = encodeSafetensors(
      {
        bytes: tensor('uint8', [3], Uint8Array.of(1, 2, 3)),
        ids: int64([2], [5, -6]),
        values: tensor('float32', [1, 2], Float32Array.of(0.5, -2)),
      },
      { made: 'hërè' },
    );
    const file = await open(bytes);
    const { tensors, metadata } = await readSafetensorsHeader(file);
    expect(metadata).toEqual({ made: 'hërè' });
    expect(tensors.map(({ name, dtype, dims }) => [name, dtype, dims])).toEqual([
      ['ids', 'int64', [2]],
      ['values', 'float32', [1, 2]],
      ['bytes', 'uint8', [3]],
    ]);
    expect((tensors[0]?.offset ?? 1) % 64).toBe(0);
    const [, values] = tensors;
    const read = await file.read(values?.offset ?? 0, values?.byteLength ?? 0);
    expect([...new Float32Array(read.slice().buffer)]).toEqual([0.5, -2]);
  });

  it('refuses data that does not fill the shape', () => {
    const wrong = { dtype: 'float32' as const, dims: [3], data: Float32Array.of(1) };
    expect(() => encodeSafetensors({ wrong })).toThrow(/wrong has shape \[3\], 12 bytes, but its data has 4/);
  });
});

describe('a damaged or hostile file', () => {
  const good = encodeSafetensors({ a: tensor('float32', [4], new Float32Array(4)) });
  const cases: readonly [string, Uint8Array, RegExp][] = [
    ['shorter than its length prefix', good.slice(0, 5), /truncated\. Expected at least 8 bytes\. Found 5 bytes/],
    ['cut inside the header', good.slice(0, 40), /truncated\. Expected at least \d+ bytes\. Found 40 bytes/],
    ['cut inside the tensors', good.slice(0, -3), /truncated\. Expected \d+ bytes\. Found \d+ bytes/],
    [
      'with bytes after the last tensor',
      new Uint8Array([...good, 1]),
      /has \d+ bytes\. Expected \d+ bytes by its header/,
    ],
    ['stating a huge header', fileWithLength(1n << 60n), /states a header of 1152921504606846976 bytes/],
    ['whose header is not JSON', fileWith('{"a": ', 0), /not valid JSON/],
    ['whose header is a list', fileWith([], 0), /not a JSON object/],
    ['whose header is not UTF-8', new Uint8Array([1, 0, 0, 0, 0, 0, 0, 0, 0xff]), /not valid JSON/],
    ['with metadata that is not text', fileWith({ __metadata__: { a: 1 } }, 0), /metadata/],
    ['with an unknown type', fileWith({ a: { ...vector(0, 4), dtype: 'F8_E4M3' } }, 4), /stored as "F8_E4M3"/],
    ['with a type inherited from objects', fileWith({ a: { ...vector(0, 4), dtype: 'toString' } }, 4), /"toString"/],
    ['with a negative extent', fileWith({ a: { ...vector(0, 4), shape: [-1] } }, 4), /the shape \[-1\] for a/],
    ['with a fractional extent', fileWith({ a: { ...vector(0, 4), shape: [0.5] } }, 4), /the shape \[0\.5\] for a/],
    ['with a range too short for its shape', fileWith({ a: { ...vector(0, 4), shape: [2] } }, 4), /Expected 8 bytes/],
    ['with a reversed range', fileWith({ a: { ...vector(0, 4), data_offsets: [4, 0] } }, 4), /bytes 4 to 0/],
    ['with a range of one number', fileWith({ a: { ...vector(0, 4), data_offsets: [4] } }, 4), /the range \[4\] for a/],
    ['with overlapping tensors', fileWith({ a: vector(0, 8), b: vector(4, 12) }, 12), /b at byte 4, which overlaps/],
    [
      'with a hole between tensors',
      fileWith({ a: vector(0, 4), b: vector(8, 12) }, 12),
      /b at byte 8, which leaves a hole/,
    ],
    ['with a range past its end', fileWith({ a: vector(0, 400) }, 8), /truncated/],
    ['with an entry that is no object', fileWith({ a: 7 }, 0), /a in model.safetensors is stored as nothing/],
    [
      'with an entry named __proto__',
      fileWith('{"__proto__":{"dtype":"F32","shape":[9],"data_offsets":[0,4]}}', 4),
      /__proto__/,
    ],
  ];
  it.each(cases)('%s is refused', async (_, bytes, message) => {
    const reading = open(bytes).then(readSafetensorsHeader);
    await expect(reading).rejects.toBeInstanceOf(WeightError);
    await expect(reading).rejects.toThrow(message);
  });
});

function fileWithLength(length: bigint): Uint8Array {
  const bytes = new Uint8Array(64);
  new DataView(bytes.buffer).setBigUint64(0, length, true);
  return bytes;
}
