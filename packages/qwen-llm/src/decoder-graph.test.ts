import type { WeightSource } from '@vlmkit/core';
import { expect, it } from 'vitest';
import { buildBurstGraph, buildDecoderGraph } from './index.js';
import { toyConfig, toyProfile, toyWeights } from './testing/toy-decoder.js';

/** The weights of few layers, told again as those of many. */
function repeated(weights: WeightSource): WeightSource {
  const first = (name: string) => name.replace(/layers\.\d+\./, 'layers.0.');
  return {
    ...weights,
    has: (name) => weights.has(first(name)),
    info: (name, dims) => ({ ...weights.info(first(name), dims), name }),
  };
}

it.each([
  ['plain graph', buildDecoderGraph],
  ['graph of bursts', buildBurstGraph],
])('pauses while it builds the %s of many layers', async (_, build) => {
  let pauses = 0;
  const timer = setInterval(() => pauses++, 1);
  const config = { ...toyConfig, numHiddenLayers: 400 };
  const { weights } = await build({ config, weights: repeated(toyWeights()), profile: toyProfile });
  clearInterval(timer);
  expect(weights.length).toBeGreaterThan(400 * 9);
  // Without pauses no timer would run at all.
  expect(pauses).toBeGreaterThan(2);
});
