import { encodeSafetensors, filesFromMemory, openWeights } from '@vlmkit/checkpoint';
import { type Tensor, tensor, WeightError } from '@vlmkit/core';
import { describe, expect, it } from 'vitest';
import { hasInt8Weight, int8Linear, int8Rows } from './blocks/int8-linear.js';
import { Component } from './component.js';
import { GraphBuilder } from './graph-builder.js';
import { int8Weights } from './int8-weights.js';
import { cpuProfile, runOnCpu } from './testing/cpu-runner.js';

const open = (tensors: Readonly<Record<string, Tensor>>) =>
  openWeights(filesFromMemory(new Map([['model.safetensors', encodeSafetensors(tensors)]])));

/** Values in -1..1 that look random. */
const value = (i: number) => ((((i + 1) * 2654435761) % 65521) / 65521) * 2 - 1;
const matrix = (rows: number, columns: number) =>
  tensor(
    'float32',
    [rows, columns],
    Float32Array.from({ length: rows * columns }, (_, i) => value(i) * (1 + (i % 7))),
  );

describe('int8Weights', () => {
  it('transposes every part, with a scale per output', async () => {
    const [parts, inputs, outputs] = [3, 5, 130];
    const source = matrix(parts * outputs, inputs);
    const weights = int8Weights(await open({ 'qkv.weight': source }), [{ name: 'qkv.weight', parts }]);
    const packed = await weights.read('qkv.weight.int8');
    const scale = await weights.read('qkv.weight.scale');
    expect(packed.dims).toEqual([parts, inputs, outputs]);
    expect(scale.dims).toEqual([parts * outputs]);
    for (let row = 0; row < parts * outputs; row++) {
      const weightsOfRow = [...source.data.subarray(row * inputs, (row + 1) * inputs)];
      expect(scale.data[row]).toBeCloseTo(Math.max(...weightsOfRow.map(Math.abs)) / 127, 7);
      weightsOfRow.forEach((weight, k) => {
        const at = (Math.floor(row / outputs) * inputs + k) * outputs + (row % outputs);
        expect(Math.abs(Number(packed.data[at]) * Number(scale.data[row]) - weight)).toBeLessThanOrEqual(
          Number(scale.data[row]) * 0.5001,
        );
      });
    }
  });

  it('reads every floating-point type alike', async () => {
    // Numbers that all three types hold exactly.
    const exact = [1, -0.5, 0.25, -2, 0, 1.5, 2 ** -14, 3];
    const half = [0x3c00, 0xb800, 0x3400, 0xc000, 0, 0x3e00, 0x0400, 0x4200];
    const brain = [0x3f80, 0xbf00, 0x3e80, 0xc000, 0, 0x3fc0, 0x3880, 0x4040];
    const weights = int8Weights(
      await open({
        full: tensor('float32', [2, 4], Float32Array.from(exact)),
        half: tensor('float16', [2, 4], Uint16Array.from(half)),
        brain: tensor('bfloat16', [2, 4], Uint16Array.from(brain)),
      }),
      [{ name: 'full' }, { name: 'half' }, { name: 'brain' }],
    );
    const full = [await weights.read('full.int8'), await weights.read('full.scale')];
    expect([...full[0]!.data]).toEqual([64, 0, -32, 64, 16, 0, -127, 127]);
    for (const name of ['half', 'brain']) {
      expect([await weights.read(`${name}.int8`), await weights.read(`${name}.scale`)]).toEqual(full);
    }
  });

  it('gives a row of zeros the scale 0', async () => {
    const weights = int8Weights(await open({ w: tensor('float32', [1, 2], new Float32Array(2)) }), [{ name: 'w' }]);
    expect([...(await weights.read('w.scale')).data, ...(await weights.read('w.int8')).data]).toEqual([0, 0, 0]);
  });

  it('leaves other tensors, stored integers and blocks as they are', async () => {
    const stored = await open({
      'a.int8': tensor('int8', [1, 1, 1], Int8Array.of(5)),
      'a.scale': tensor('float32', [1], Float32Array.of(2)),
      b: tensor('float32', [1], Float32Array.of(3)),
      'c.q4': tensor('uint8', [1, 1, 8], new Uint8Array(8)),
      'd.q8': tensor('uint8', [1, 1, 16], new Uint8Array(16)),
    });
    const weights = int8Weights(stored, [{ name: 'a' }, { name: 'c' }, { name: 'd' }]);
    expect(weights.names).toEqual(stored.names);
    expect(weights.info('a.int8')).toBe(stored.info('a.int8'));
    expect([...(await weights.read('b')).data]).toEqual([3]);
  });

  it('names a weight that is missing, not finite or not floating point', async () => {
    const stored = await open({
      broken: tensor('float32', [1, 2], Float32Array.of(1, Number.NaN)),
      counted: tensor('int32', [1, 2], Int32Array.of(1, 2)),
    });
    expect(() => int8Weights(stored, [{ name: 'gone' }])).toThrow(WeightError);
    const weights = int8Weights(stored, [{ name: 'broken' }, { name: 'counted' }]);
    await expect(weights.read('broken.int8')).rejects.toThrow(/broken holds values that are not finite/);
    await expect(weights.read('counted.int8')).rejects.toThrow(/counted is stored as int32/);
    expect(() => weights.info('broken.int8', [2, 1])).toThrow(/wrong shape/);
  });
});

describe('int8Linear', () => {
  it('is close to the float product, also beside a row of huge activations', async () => {
    const [rows, inputs, outputs] = [5, 96, 40];
    const weight = matrix(2 * outputs, inputs);
    const bias = tensor(
      'float32',
      [2 * outputs],
      Float32Array.from({ length: 2 * outputs }, (_, i) => value(i + 99)),
    );
    const x = matrix(rows, inputs);
    x.data.subarray(inputs, 2 * inputs).forEach((activation, i, row) => {
      row[i] = activation * 1e5;
    });
    x.data.fill(0, 2 * inputs, 3 * inputs);
    const stored = await open({ 'fc.weight': weight, 'fc.bias': bias });
    const weights = int8Weights(stored, [{ name: 'fc.weight', parts: 2 }]);
    const graph = new GraphBuilder();
    const layer = new Component({ graph, weights, profile: cpuProfile }, 'fc');
    expect(hasInt8Weight(layer)).toBe(true);
    const quantised = int8Rows(layer, graph.input('x', 'float32', [rows, inputs]));
    for (const index of [0, 1]) {
      const part = { index, of: 2 };
      graph.output(`y${index}`, int8Linear(layer, quantised, { inputs, outputs, bias: true, part }), [rows, outputs]);
    }
    const result = await runOnCpu(graph.finish('test'), { x });
    for (let row = 0; row < rows; row++) {
      const exact = Array.from({ length: 2 * outputs }, (_, n) => {
        let sum = bias.data[n]!;
        for (let k = 0; k < inputs; k++) sum += x.data[row * inputs + k]! * weight.data[n * inputs + k]!;
        return sum;
      });
      const actual = [0, 1].flatMap((part) => [
        ...result.host(`y${part}`, 'float32').data.subarray(row * outputs, (row + 1) * outputs),
      ]);
      const error = Math.hypot(...exact.map((wanted, n) => wanted - actual[n]!)) / Math.hypot(...exact);
      expect(error).toBeLessThan(row === 2 ? 1e-6 : 0.02);
    }
  });
});
