import { type Runtime, type Tensor, tensor } from '@vlmkit/core';
import { createNodeRuntime } from '@vlmkit/runtime-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createQwenLlm } from './index.js';
import { textPositions } from './testing/run-text.js';
import { memoryWeights, toyConfig, toyWeights } from './testing/toy-decoder.js';

/*
 * Processors compute float16 graphs in float32, node by node, but what goes from node to node is rounded to float16: a value
 * beyond 65504 becomes infinite there too. So overflow between nodes shows; overflow inside of a product does not.
 */

let runtime: Runtime;
beforeAll(async () => {
  runtime = await createNodeRuntime({ device: 'cpu', threads: 1 });
});
afterAll(() => runtime.dispose());

const prompt = [5, 17, 42, 99, 7, 5, 17];

async function logits(factors: Readonly<Record<string, number>>, dtype: 'float32' | 'float16') {
  const toy = toyWeights(3);
  const tensors = new Map<string, Tensor>();
  for (const name of toy.names) {
    const { dims, data } = await toy.read(name);
    const factor = Object.entries(factors).find(([part]) => name.includes(part))?.[1] ?? 1;
    tensors.set(
      name,
      tensor(
        'float32',
        dims,
        Float32Array.from(data as Float32Array, (value) => value * factor),
      ),
    );
  }
  const backbone = await createQwenLlm({ config: toyConfig, weights: memoryWeights(tensors), runtime, dtype });
  const state = backbone.createState(prompt.length + 1);
  const { positions } = textPositions(prompt);
  const result = await state.forward({ tokenIds: prompt, positions }, { logitRows: prompt.length });
  state.dispose();
  await backbone.dispose();
  return result.logits.data;
}

/** Largest difference of two forms, as a part of the largest logit. */
async function difference(factors: Readonly<Record<string, number>>): Promise<number> {
  const [expected, actual] = [await logits(factors, 'float32'), await logits(factors, 'float16')];
  const largest = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  return expected.reduce((most, value, i) => Math.max(most, Math.abs(value - actual[i]!)), 0) / largest;
}

describe('a decoder in float16', () => {
  it.each([
    ['ordinary activations', {}],
    ['a residual of a hundred thousand', { 'layers.1.mlp.down_proj': 3e4 }],
    [
      'products of gate and up beyond 65504',
      { 'layers.1.mlp.gate_proj': 200, 'layers.1.mlp.up_proj': 200, 'layers.1.mlp.down_proj': 1 / 40000 },
    ],
    // Scores of one key are far above all others; their size alone must do no harm.
    ['scores beyond 65504 before they are scaled', { 'q_proj.weight': 60, 'k_proj.weight': 60 }],
  ])('keeps to float32 with %s', async (_, factors) => {
    expect(await difference(factors)).toBeLessThan(0.02);
  });
});
