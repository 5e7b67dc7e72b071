import { tensor, WeightError } from '@vlmkit/core';
import { describe, expect, it } from 'vitest';
import { encodeSafetensors } from './encode.js';
import { SafetensorsWriter } from './writer.js';

function collect() {
  const parts: Uint8Array[] = [];
  const sink = { write: async (bytes: Uint8Array) => void parts.push(bytes.slice()) };
  return { sink, bytes: () => Uint8Array.from(parts.flatMap((part) => [...part])) };
}

const declarations = [
  { name: 'a', dtype: 'float32', dims: [2] },
  { name: 'none', dtype: 'uint8', dims: [0] },
  { name: 'b', dtype: 'uint8', dims: [3] },
] as const;

describe('SafetensorsWriter', () => {
  it('writes the same file as encodeSafetensors, from parts', async () => {
    const { sink, bytes } = collect();
    const writer = new SafetensorsWriter({ sink, tensors: declarations, metadata: { k: 'v' } });
    const a = new Uint8Array(Float32Array.of(1, 2).buffer);
    await writer.write('a', a.subarray(0, 3));
    await writer.write('a', a.subarray(3));
    await writer.write('b', Uint8Array.of(7, 8, 9));
    await writer.finish();
    const expected = encodeSafetensors(
      {
        a: tensor('float32', [2], Float32Array.of(1, 2)),
        none: tensor('uint8', [0], new Uint8Array(0)),
        b: tensor('uint8', [3], Uint8Array.of(7, 8, 9)),
      },
      { k: 'v' },
    );
    expect(bytes()).toEqual(expected);
  });

  it('refuses bytes out of turn, too many and too few', async () => {
    const writer = new SafetensorsWriter({ sink: collect().sink, tensors: declarations });
    await expect(writer.write('b', Uint8Array.of(1))).rejects.toThrow(/b were written out of turn.*8 bytes of a/);
    await expect(writer.write('a', new Uint8Array(9))).rejects.toBeInstanceOf(WeightError);
    await writer.write('a', new Uint8Array(6));
    await expect(writer.finish()).rejects.toThrow(/a lacks 2 of its bytes/);
  });

  it('writes a file without tensors', async () => {
    const { sink, bytes } = collect();
    await new SafetensorsWriter({ sink, tensors: [] }).finish();
    expect(bytes()).toEqual(encodeSafetensors({}));
  });
});
