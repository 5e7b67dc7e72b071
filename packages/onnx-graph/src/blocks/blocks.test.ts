import { encodeSafetensors, filesFromMemory, openWeights } from '@vlmkit/checkpoint';
import { ConfigError, type DeviceProfile, type Tensor, tensor } from '@vlmkit/core';
import { describe, expect, it } from 'vitest';
import { Component } from '../component.js';
import { GraphBuilder, type Value } from '../graph-builder.js';
import { cpuProfile, runOnCpu } from '../testing/cpu-runner.js';
import { activation } from './activation.js';
import { attention } from './attention.js';
import { gatedMlp } from './gated-mlp.js';
import { linear } from './linear.js';
import { addRmsNorm, layerNorm, rmsNorm } from './norm.js';
import { rotary } from './rotary.js';
import { tiledAttention } from './tiled-attention.js';

/*
 * Every block against its formula, written out with plain loops in double precision.
 */

/** Values in -1..1 that look random and are the same everywhere. */
function values(seed: number, ...dims: number[]): Tensor<'float32'> {
  const count = dims.reduce((a, b) => a * b, 1);
  const data = Float32Array.from(
    { length: count },
    (_, i) => ((((i + 1) * 2654435761 * seed) % 65521) / 65521) * 2 - 1,
  );
  return tensor('float32', dims, data);
}

interface BlockRun {
  readonly tensors?: Readonly<Record<string, Tensor>>;
  readonly inputs: Readonly<Record<string, Tensor<'float32'>>>;
  readonly profile?: Partial<DeviceProfile>;
  build(component: Component, inputs: Readonly<Record<string, Value>>): Value;
}

/** Builds a block in a graph of its own and runs it. */
async function runBlock({ tensors = {}, inputs, profile, build }: BlockRun): Promise<Float32Array> {
  const file = encodeSafetensors({ unused: tensor('float32', [1], Float32Array.of(0)), ...tensors });
  const weights = await openWeights(filesFromMemory(new Map([['model.safetensors', file]])));
  const graph = new GraphBuilder();
  const component = new Component({ graph, weights, profile: { ...cpuProfile, ...profile } });
  const fed = Object.fromEntries(
    Object.entries(inputs).map(([name, { dims }]) => [name, graph.input(name, 'float32', dims)]),
  );
  const result = build(component, fed);
  graph.output('result', result, ['a', 'b', 'c'].slice(0, rankOf(inputs)));
  return (await runOnCpu(graph.finish('block'), inputs)).host('result', 'float32').data;
}

function rankOf(inputs: Readonly<Record<string, Tensor>>): number {
  return Math.max(...Object.values(inputs).map(({ dims }) => dims.length));
}

function expectClose(actual: Float32Array, expected: readonly number[]): void {
  expect(actual).toHaveLength(expected.length);
  const worst = Math.max(...expected.map((value, i) => Math.abs(value - actual[i]!)));
  expect(worst).toBeLessThan(2e-6 * Math.max(1, ...expected.map(Math.abs)));
}

/** Rows of a matrix as arrays. */
function rowsOf({ dims, data }: Tensor<'float32'>): number[][] {
  const width = dims.at(-1)!;
  return Array.from({ length: data.length / width }, (_, i) => [...data.subarray(i * width, (i + 1) * width)]);
}

const dot = (a: readonly number[], b: readonly number[]) => a.reduce((sum, value, i) => sum + value * b[i]!, 0);
const silu = (x: number) => x / (1 + Math.exp(-x));

describe('norms', () => {
  const x = values(3, 5, 8);
  const weight = values(5, 8);
  const bias = values(7, 8);

  /** RMSNorm of one row. */
  const normed = (row: readonly number[]) =>
    row.map((value, i) => (value / Math.sqrt(dot(row, row) / 8 + 1e-3)) * weight.data[i]!);

  it('divides by the root of the mean square', async () => {
    const actual = await runBlock({
      tensors: { 'norm.weight': weight },
      inputs: { x },
      build: (component, { x }) => rmsNorm(component, 'norm', x!, { size: 8, epsilon: 1e-3 }),
    });
    expectClose(actual, rowsOf(x).flatMap(normed));
  });

  it.each(['sum', 'normed'] as const)('adds and divides at once: the %s', async (part) => {
    const y = values(11, 5, 8);
    const actual = await runBlock({
      tensors: { 'norm.weight': weight },
      inputs: { x, y },
      build: (component, { x, y }) => addRmsNorm(component, 'norm', [x!, y!], { size: 8, epsilon: 1e-3 })[part],
    });
    const others = rowsOf(y);
    const sums = rowsOf(x).map((row, r) => row.map((value, i) => value + others[r]![i]!));
    expectClose(actual, part === 'sum' ? sums.flat() : sums.flatMap(normed));
  });

  it('centres and divides by the deviation', async () => {
    const actual = await runBlock({
      tensors: { 'norm.weight': weight, 'norm.bias': bias },
      inputs: { x },
      build: (component, { x }) => layerNorm(component, 'norm', x!, { size: 8, epsilon: 1e-3 }),
    });
    const expected = rowsOf(x).flatMap((row) => {
      const mean = row.reduce((a, b) => a + b) / 8;
      const centred = row.map((value) => value - mean);
      return centred.map(
        (value, i) => (value / Math.sqrt(dot(centred, centred) / 8 + 1e-3)) * weight.data[i]! + bias.data[i]!,
      );
    });
    expectClose(actual, expected);
  });
});

describe('dense layers', () => {
  const x = values(3, 4, 6);
  const matrix = (seed: number, outputs: number, inputs: number) => values(seed, outputs, inputs);

  it('multiplies by the transposed weight and adds the bias', async () => {
    const [weight, bias] = [matrix(5, 3, 6), values(7, 3)];
    const actual = await runBlock({
      tensors: { 'fc.weight': weight, 'fc.bias': bias },
      inputs: { x },
      build: (component, { x }) => linear(component, 'fc', x!, { inputs: 6, outputs: 3, bias: true }),
    });
    expectClose(
      actual,
      rowsOf(x).flatMap((row) => rowsOf(weight).map((w, i) => dot(row, w) + bias.data[i]!)),
    );
  });

  it('computes the gated MLP', async () => {
    const [gate, up, down] = [matrix(5, 9, 6), matrix(7, 9, 6), matrix(11, 6, 9)];
    const actual = await runBlock({
      tensors: { 'mlp.gate_proj.weight': gate, 'mlp.up_proj.weight': up, 'mlp.down_proj.weight': down },
      inputs: { x },
      build: (component, { x }) => gatedMlp(component, 'mlp', x!, { size: 6, hidden: 9, activation: 'silu' }),
    });
    const expected = rowsOf(x).flatMap((row) => {
      const hidden = rowsOf(gate).map((g, i) => silu(dot(row, g)) * dot(row, rowsOf(up)[i]!));
      return rowsOf(down).map((d) => dot(hidden, d));
    });
    expectClose(actual, expected);
  });
});

describe('activations', () => {
  /** The error function by its series. */
  const erf = (x: number) => {
    let sum = 0;
    for (let n = 0, term = x; n < 40; n++, term *= (-x * x) / n) sum += term / (2 * n + 1);
    return (2 / Math.sqrt(Math.PI)) * sum;
  };
  const formulas: Readonly<Record<string, (x: number) => number>> = {
    silu,
    gelu: (x) => (x / 2) * (1 + erf(x / Math.SQRT2)),
    quick_gelu: (x) => x / (1 + Math.exp(-1.702 * x)),
  };

  it.each(Object.keys(formulas))('computes %s', async (name) => {
    const x = tensor('float32', [1, 9], Float32Array.of(-3, -1.5, -0.7, -0.1, 0, 0.2, 0.9, 1.8, 3));
    const actual = await runBlock({ inputs: { x }, build: ({ graph }, { x }) => activation(graph, name, x!) });
    expectClose(actual, Array.from(x.data, formulas[name]!));
  });

  it('names the activation that it does not know', () => {
    const graph = new GraphBuilder();
    const x = graph.input('x', 'float32', [1]);
    expect(() => activation(graph, 'swoosh', x)).toThrow(ConfigError);
    expect(() => activation(graph, 'toString', x)).toThrow(/"toString".*silu/);
  });
});

describe('rotary', () => {
  it('rotates the halves of every head by the angles of its row', async () => {
    const [heads, size, tokens] = [3, 8, 5];
    const x = values(3, tokens, heads * size);
    const angles = values(5, tokens, size / 2);
    const table = (f: (x: number) => number) => tensor('float32', [tokens, size / 2], angles.data.map(f));
    const actual = await runBlock({
      inputs: { x, cos: table(Math.cos), sin: table(Math.sin) },
      build: (component, { x, cos, sin }) => rotary(component, x!, { cos: cos!, sin: sin! }, heads),
    });
    const expected = Array.from(x.data, (value, i) => {
      const [token, within] = [Math.floor(i / (heads * size)), i % size];
      const pair = within % (size / 2);
      const angle = angles.data[token * (size / 2) + pair]!;
      const other = x.data[within < size / 2 ? i + size / 2 : i - size / 2]!;
      return value * Math.cos(angle) + (within < size / 2 ? -1 : 1) * other * Math.sin(angle);
    });
    expectClose(actual, expected);
  });
});

describe('attention', () => {
  const [batch, length, heads, headSize] = [2, 7, 2, 4];
  const inputs = {
    query: values(3, batch, length, heads * headSize),
    key: values(5, batch, length, heads * headSize),
    value: values(7, batch, length, heads * headSize),
  };

  function reference(): number[] {
    const at = (x: Tensor<'float32'>, b: number, s: number, h: number) => {
      const start = ((b * length + s) * heads + h) * headSize;
      return [...x.data.subarray(start, start + headSize)];
    };
    const result: number[] = [];
    for (let b = 0; b < batch; b++) {
      for (let s = 0; s < length; s++) {
        for (let h = 0; h < heads; h++) {
          const weights = Array.from({ length }, (_, k) => {
            const score = dot(at(inputs.query, b, s, h), at(inputs.key, b, k, h)) / Math.sqrt(headSize);
            return Math.exp(score);
          });
          const total = weights.reduce((x, y) => x + y);
          for (let d = 0; d < headSize; d++) {
            result.push(weights.reduce((sum, w, k) => sum + (w / total) * at(inputs.value, b, k, h)[d]!, 0));
          }
        }
      }
    }
    return result;
  }

  describe.each(['fused', 'composed'] as const)('%s', (kind) => {
    it('mixes the values of each sequence by its own scores', async () => {
      const actual = await runBlock({
        inputs,
        profile: { attention: kind },
        build: (component, { query, key, value }) =>
          attention(component, { query: query!, key: key!, value: value! }, { heads, headSize }),
      });
      expectClose(actual, reference());
    });
  });

  // 7 rows in one tile, in tiles of 3 or 4 of which the last is padded, and one by one.
  it.each([1 << 20, 4 * heads * length * 4, 4 * heads * length * 3, 1])(
    'works in tiles of %i bytes',
    async (tileBytes) => {
      const actual = await runBlock({
        inputs,
        build: (component, { query, key, value }) =>
          tiledAttention(component, { query: query!, key: key!, value: value! }, { heads, headSize, tileBytes }),
      });
      expectClose(actual, reference());
    },
  );
});
