import { type Tensor, tensor, WeightError } from '@vlmkit/core';
import { expect, it } from 'vitest';
import { buildBurstGraph, buildDecoderGraph } from './index.js';
import { memoryWeights, toyConfig, toyProfile, toyWeights } from './testing/toy-decoder.js';

it.each([
  ['plain graph', buildDecoderGraph],
  ['graph of bursts', buildBurstGraph],
])('the %s takes no tensor of another shape than the config says', async (_, build) => {
  const weights = toyWeights();
  const tensors = new Map<string, Tensor>();
  for (const name of weights.names) tensors.set(name, await weights.read(name));
  await build({ config: toyConfig, weights: memoryWeights(tensors), profile: toyProfile });
  for (const name of weights.names.filter((name) => !/layers\.[12]\./.test(name))) {
    const [rows, ...rest] = tensors.get(name)!.dims;
    const dims = [rows! + 2, ...rest];
    const size = dims.reduce((product, extent) => product * extent);
    const changed = new Map(tensors).set(name, tensor('float32', dims, new Float32Array(size)));
    const built = build({ config: toyConfig, weights: memoryWeights(changed), profile: toyProfile });
    await expect(built, name).rejects.toBeInstanceOf(WeightError);
    await expect(built).rejects.toThrow(name);
  }
});
