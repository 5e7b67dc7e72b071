import { encodeSafetensors, filesFromMemory, openWeights } from '@vlmkit/checkpoint';
import { type DeviceProfile, tensor, type WeightSource } from '@vlmkit/core';
import { describe, expect, it } from 'vitest';
import { Component } from '../component.js';
import { GraphBuilder } from '../graph-builder.js';
import { int8Weights } from '../int8-weights.js';
import { cpuProfile, runOnCpu } from '../testing/cpu-runner.js';
import { branchOnRows } from './branch-on-rows.js';
import { linear } from './linear.js';

const [inputs, outputs] = [48, 24];
const names = ['up', 'down'] as const;

/** Values in -1..1 without a pattern that would let products cancel. */
function random(rows: number, columns: number, seed: number) {
  let state = seed;
  const data = Float32Array.from({ length: rows * columns }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state / 2 ** 32) * 2 - 1;
  });
  return tensor('float32', [rows, columns], data);
}

const matrices = { up: random(outputs, inputs, 1), down: random(inputs, outputs, 2) };

async function checkpoint(): Promise<WeightSource> {
  const file = encodeSafetensors({ 'up.weight': matrices.up, 'down.weight': matrices.down });
  return openWeights(filesFromMemory(new Map([['model.safetensors', file]])));
}

const withIntegers = (weights: WeightSource) =>
  int8Weights(
    weights,
    names.map((name) => ({ name: `${name}.weight` })),
  );

interface Run {
  readonly weights: WeightSource;
  readonly profile?: DeviceProfile;
  readonly rows: number;
  readonly many: boolean;
}

/** Two layers in one branch: the relative error of both results. */
async function errors({ weights, profile = cpuProfile, rows, many }: Run): Promise<readonly number[]> {
  const x = random(rows, inputs, 3);
  const graph = new GraphBuilder();
  const component = new Component({ graph, weights, profile });
  const fed = graph.input('x', 'float32', ['s', inputs]);
  const results = branchOnRows(component, {
    many: graph.input('many', 'bool', []),
    layers: names,
    widths: [outputs, inputs],
    build: (part) => {
      const up = linear(part, 'up', fed, { inputs, outputs });
      return [up, linear(part, 'down', up, { inputs: outputs, outputs: inputs })];
    },
  });
  results.forEach((value, i) => {
    graph.output(`y${i}`, value, ['s', i === 0 ? outputs : inputs]);
  });
  const ran = await runOnCpu(graph.finish('test'), { x, many: tensor('bool', [], Uint8Array.of(Number(many))) });
  const up = product(x.data, matrices.up.data, inputs);
  return [up, product(Float32Array.from(up), matrices.down.data, outputs)].map((exact, i) => {
    const { data } = ran.host(`y${i}`, 'float32');
    return Math.hypot(...exact.map((wanted, at) => wanted - data[at]!)) / Math.hypot(...exact);
  });
}

/** x Wᵀ with plain loops. */
function product(x: Float32Array, weight: Float32Array, width: number): number[] {
  const columns = weight.length / width;
  return Array.from({ length: (x.length / width) * columns }, (_, i) => {
    const [row, column] = [Math.floor(i / columns), i % columns];
    let sum = 0;
    for (let k = 0; k < width; k++) sum += x[row * width + k]! * weight[column * width + k]!;
    return sum;
  });
}

describe('branchOnRows', () => {
  it('computes in the stored form, or on integers where a run says that it has many rows', async () => {
    const weights = withIntegers(await checkpoint());
    for (const error of await errors({ weights, rows: 40, many: false })) expect(error).toBeLessThan(1e-6);
    for (const error of await errors({ weights, rows: 40, many: true })) {
      expect(error).toBeLessThan(0.02);
      expect(error).toBeGreaterThan(1e-4);
    }
  });

  it('stays with the stored form where there are no integers', async () => {
    for (const error of await errors({ weights: await checkpoint(), rows: 40, many: true }))
      expect(error).toBeLessThan(1e-6);
  });

  it('stays with it on a device that gains nothing by integers, but counts them as known', async () => {
    const weights = withIntegers(await checkpoint());
    const asked = new Set<string>();
    const watched: WeightSource = {
      ...weights,
      info: (name, dims) => {
        asked.add(name);
        return weights.info(name, dims);
      },
    };
    const profile = { ...cpuProfile, int8ActivationBits: 0 as const };
    for (const error of await errors({ weights: watched, profile, rows: 40, many: true }))
      expect(error).toBeLessThan(1e-6);
    expect([...asked].sort()).toEqual([...weights.names].sort());
  });
});
