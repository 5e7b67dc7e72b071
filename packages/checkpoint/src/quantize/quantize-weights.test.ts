import { type Tensor, tensor } from '@vlmkit/core';
import { describe, expect, it } from 'vitest';
import { filesFromMemory } from '../files/memory-files.js';
import { encodeSafetensors } from '../safetensors/encode.js';
import { openWeights } from '../weights/open-weights.js';
import { quantizeRows } from './quantize-rows.js';
import { quantizeWeights } from './quantize-weights.js';

const values = Float32Array.from({ length: 8 * 64 }, (_, i) => Math.sin(i) / 10);
const tensors: Readonly<Record<string, Tensor>> = {
  'model.layers.3.mlp.up_proj.weight': tensor('float32', [8, 64], values),
  'model.norm.weight': tensor('float32', [64], new Float32Array(64).fill(2)),
};

describe('quantizeWeights', () => {
  it('gives what a conversion would, and leaves other tensors where they lie', async () => {
    const weights = await openWeights(filesFromMemory(new Map([['model.safetensors', encodeSafetensors(tensors)]])));
    const fractions: number[] = [];
    const quantised = await quantizeWeights(weights, {
      dtype: 'q4',
      onProgress: (fraction) => fractions.push(fraction),
    });
    expect([...quantised.names].sort()).toEqual([
      'model.layers.3.mlp.up_proj.weight.q4',
      'model.layers.3.mlp.up_proj.weight.scales',
      'model.norm.weight',
    ]);
    expect(quantised.info('model.norm.weight')).toBe(weights.info('model.norm.weight'));
    const expected = quantizeRows({ values, columns: 64, blockSize: 32, bits: 4 });
    expect((await quantised.read('model.layers.3.mlp.up_proj.weight.q4')).data).toEqual(expected.packed);
    expect((await quantised.read('model.layers.3.mlp.up_proj.weight.scales')).data).toEqual(expected.scales);
    expect(fractions.at(-1)).toBeGreaterThan(0.5);
  });
});
