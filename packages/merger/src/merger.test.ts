import { fileURLToPath } from 'node:url';
import { type CheckpointFiles, openCheckpoint, openWeights } from '@vlmkit/checkpoint';
import { openFolder } from '@vlmkit/checkpoint/node';
import { type Runtime, type Tensor, WeightError } from '@vlmkit/core';
import { createNodeRuntime } from '@vlmkit/runtime-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildMergerGraph } from './merger-graph.js';
import { createMerger } from './projector.js';

// Made by tools/golden/vit.py with transformers.
const fixtures = fileURLToPath(new URL('../../../fixtures/vit/', import.meta.url));

let runtime: Runtime;
beforeAll(async () => {
  runtime = await createNodeRuntime({ device: 'cpu', threads: 1 });
});
afterAll(() => runtime.dispose());

const opened: CheckpointFiles[] = [];
afterAll(() => Promise.all(opened.map((files) => files.close?.())));

/** A fixture's folder, closed after the tests. */
async function openFixture(folder: string): Promise<CheckpointFiles> {
  const files = await openFolder(folder);
  opened.push(files);
  return files;
}

describe.each(['windowed-bf16', 'windowed-f32', 'plain-f16'])('the merger on %s', (name) => {
  it('equals the reference', async () => {
    const { config, weights } = await openCheckpoint(await openFixture(`${fixtures}${name}`));
    const expected = await openWeights(await openFixture(`${fixtures}${name}/expected`));
    const merger = await createMerger({ config: config.vision!, weights, runtime });
    expect([merger.featuresPerToken, merger.tokenSize]).toEqual([4, config.text.hiddenSize]);
    const features = (await expected.read('0.features')) as Tensor<'float32'>;
    const tokens = await merger.project(features);
    const [actual, wanted] = [await tokens.download(), await expected.read('0.tokens')];
    expect(actual.dims).toEqual(wanted.dims);
    const values = Array.from(wanted.data, Number);
    const largest = Math.max(...values.map(Math.abs));
    const worst = Math.max(...values.map((value, i) => Math.abs(value - Number(actual.data[i]))));
    expect(worst / largest).toBeLessThan(1e-5);
    await merger.dispose();
  });
});

describe('the merger in other precisions', () => {
  it.each(['int8', 'float16'] as const)('points the way that the reference does in %s', async (dtype) => {
    const { config, weights } = await openCheckpoint(await openFixture(`${fixtures}windowed-bf16`));
    const expected = await openWeights(await openFixture(`${fixtures}windowed-bf16/expected`));
    const merger = await createMerger({ config: config.vision!, weights, runtime, dtype });
    const tokens = await merger.project((await expected.read('0.features')) as Tensor<'float32'>);
    const actual = Array.from((await tokens.download()).data, Number);
    const wanted = Array.from((await expected.read('0.tokens')).data, Number);
    const product = wanted.reduce((sum, value, i) => sum + value * actual[i]!, 0);
    expect(product / (Math.hypot(...actual) * Math.hypot(...wanted))).toBeGreaterThan(0.9995);
    await merger.dispose();
  });
});

describe('the merger', () => {
  it('names a weight of another shape', async () => {
    const { config, weights } = await openCheckpoint(await openFixture(`${fixtures}plain-f16`));
    const narrow = { ...config.vision!, outHiddenSize: 8 };
    const build = () => buildMergerGraph({ config: narrow, weights, profile: runtime.profile });
    expect(build).toThrow(WeightError);
    expect(build).toThrow(/visual\.merger\.mlp\.2\.\w+ has the wrong shape.*\[8.*\[16/);
  });
});
