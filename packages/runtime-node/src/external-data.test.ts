import { int64, tensor } from '@vlmkit/core';
import { GraphBuilder } from '@vlmkit/onnx-graph';
import { describe, expect, it } from 'vitest';
import { externalRanges, placeExternalData } from './external-data.js';

function model(): Uint8Array {
  const graph = new GraphBuilder();
  const file = { location: 'a.safetensors', byteLength: 2 ** 40, read: async () => new Uint8Array() };
  const weight = (name: string, offset: number) =>
    graph.weight({ name, dtype: 'float32', dims: [2, 3], file, offset, byteLength: 24 });
  const x = graph.input('x', 'float32', ['n', 2]);
  const sum = graph.op('MatMul', [x, weight('near', 8)]);
  graph.constant(int64([2], [1, -1]));
  graph.output('y', graph.op('Add', [sum, graph.op('MatMul', [x, weight('far', 2 ** 33 + 5)])]), ['n', 3]);
  graph.inlineWeight('table', tensor('float32', [1], Float32Array.of(1)));
  return graph.finish('ranges').bytes;
}

const ranges = [
  { name: 'near', location: 'a.safetensors', offset: 8, length: 24 },
  { name: 'far', location: 'a.safetensors', offset: 2 ** 33 + 5, length: 24 },
  { name: 'table', location: 'inline:table', offset: 0, length: 4 },
];

describe('external data of a model', () => {
  it('is listed, beyond 4 GiB too, without the constants inside the model', () => {
    expect(externalRanges(model())).toEqual(ranges);
  });

  it('is moved to other files and back without another change', () => {
    const moved = placeExternalData(model(), ({ offset }) => ({ location: 'sub/ü.bin', offset: offset + 2 ** 34 }));
    const expected = ranges.map((range) => ({ ...range, location: 'sub/ü.bin', offset: range.offset + 2 ** 34 }));
    expect(externalRanges(moved)).toEqual(expected);
    const back = placeExternalData(moved, ({ name }) => ranges.find((range) => range.name === name)!);
    // Compared with a rewriting that changes nothing, since fields may be ordered differently.
    expect(back).toEqual(placeExternalData(model(), (range) => range));
  });

  it('is taken inside the model', () => {
    const data = Uint8Array.from({ length: 24 }, (_, i) => i);
    const inside = placeExternalData(model(), (range) => (range.name === 'near' ? { data } : range));
    expect(externalRanges(inside)).toEqual(ranges.slice(1));
    expect(Buffer.from(inside).includes(Buffer.from(data))).toBe(true);
  });

  it('is not looked for in bytes that are cut anywhere', () => {
    const bytes = model();
    let refused = 0;
    for (let length = 1; length < bytes.length; length++) {
      try {
        externalRanges(bytes.subarray(0, length));
      } catch (error) {
        expect(error).toBeInstanceOf(RangeError);
        refused++;
      }
    }
    expect(refused).toBeGreaterThan(bytes.length * 0.9);
  });
});
