import { createHash } from 'node:crypto';
import { rm } from 'node:fs/promises';
import type { Runtime, Tensor } from '@vlmkit/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Stages } from './inspect.js';
import { testDevices } from './testing/devices.js';
import {
  type GoldenCheckpoint,
  goldenCases,
  goldenMedia,
  goldenNames,
  type PixelDigest,
  writeGoldenCheckpoint,
} from './testing/golden-checkpoint.js';
import { type LoadedModel, loadModel } from './testing/load-model.js';

/** Largest difference of a float stage, as a part of the stage's largest value. */
const tolerance = 2e-5;
/** Largest difference of a pixel's value. */
const pixelTolerance = 1e-5;
/** Of every row of logits, each 16th column is stored. */
const columnStep = 16;

const integerStages = ['input_ids', 'position_ids', 'rope_delta', 'image_grid_thw', 'video_grid_thw', 'generated_ids'];
const floatStages = ['image_embeds', 'video_embeds', 'second_per_grid_ts'];

for (const device of await testDevices()) {
  describe(`every stage equals transformers on ${device.label}`, () => {
    let runtime: Runtime;
    beforeAll(async () => {
      runtime = await device.open();
    });
    afterAll(() => runtime.dispose());

    describe.each(goldenNames)('%s', async (name) => {
      let golden: GoldenCheckpoint;
      let loaded: LoadedModel;
      beforeAll(async () => {
        golden = await writeGoldenCheckpoint(name);
        loaded = await loadModel({ folder: golden.folder, runtime, baseDirectory: goldenMedia });
      });
      afterAll(async () => {
        await loaded?.close();
        await rm(golden.folder, { recursive: true, force: true });
      });

      it.each(await goldenCases(name))('$name', async ({ name: caseName, messages, pixels }) => {
        const stages = await loaded.model.inspect(messages, { newTokens: 8 });
        const expected = (stage: string) => golden.expected.read(`${caseName}/${stage}`);
        const has = (stage: string) => golden.expected.has(`${caseName}/${stage}`);
        for (const stage of integerStages.filter(has)) expectSame(stages, stage, await expected(stage));
        for (const [stage, digest] of Object.entries(pixels)) {
          expectPixels(stages, stage, digest, await expected(stage));
        }
        for (const stage of floatStages.filter(has)) expectClose(stages[stage], await expected(stage), stage);
        expectClose(lastRow(stages.logits!), await expected('logits'), 'logits');
        expectClose(everyColumn(stages.logits!), await expected('logits_sampled'), 'logits_sampled');
      });
    });
  });
}

function expectSame(stages: Stages, stage: string, expected: Tensor): void {
  const actual = stages[stage];
  expect(actual?.dims, stage).toEqual(expected.dims);
  expect(Array.from(actual!.data, Number), stage).toEqual(Array.from(expected.data, Number));
}

function expectClose(actual: Tensor | undefined, expected: Tensor, stage: string): void {
  expect(actual?.dims, stage).toEqual(expected.dims);
  const largest = Array.from(expected.data, Number).reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  expect(largestDifference(actual!, expected) / largest, stage).toBeLessThanOrEqual(tolerance);
}

/**
 * All pixels within the tolerance of the reference's: its values are normalised bytes, whose digest is stored, so the
 * actual values must be near to bytes of the same digest.
 */
function expectPixels(stages: Stages, stage: string, { patches, sha256 }: PixelDigest, firstRow: Tensor): void {
  const actual = stages[stage]!;
  const width = firstRow.dims[1]!;
  expect(actual.dims, stage).toEqual([patches, width]);
  const first = { ...actual, dims: [1, width], data: actual.data.slice(0, width) } as Tensor;
  expect(largestDifference(first, firstRow), stage).toBeLessThanOrEqual(pixelTolerance);
  const bytes = new Uint8Array(actual.data.length);
  let farthest = 0;
  for (let i = 0; i < bytes.length; i++) {
    const channel = Math.floor((i % width) / (width / 3));
    const value = Number(actual.data[i]);
    bytes[i] = Math.round((value * deviation[channel]! + mean[channel]!) * 255);
    farthest = Math.max(farthest, Math.abs((bytes[i]! / 255 - mean[channel]!) / deviation[channel]! - value));
  }
  expect(farthest, stage).toBeLessThanOrEqual(pixelTolerance / 2);
  expect(createHash('sha256').update(bytes).digest('hex'), stage).toBe(sha256);
}

const mean = [0.48145466, 0.4578275, 0.40821073] as const;
const deviation = [0.26862954, 0.26130258, 0.27577711] as const;

/** NaN anywhere gives NaN, which no tolerance admits. */
function largestDifference(a: Tensor, b: Tensor): number {
  let most = 0;
  for (let i = 0; i < b.data.length; i++) most = Math.max(most, Math.abs(Number(a.data[i]) - Number(b.data[i])));
  return most;
}

function lastRow({ dims, data, dtype }: Tensor): Tensor {
  const width = dims[1]!;
  return { dtype, dims: [1, width], data: data.slice(data.length - width) } as Tensor;
}

function everyColumn({ dims, data }: Tensor): Tensor {
  const [rows = 0, width = 0] = dims;
  const columns = Math.ceil(width / columnStep);
  const picked = Float32Array.from({ length: rows * columns }, (_, i) => {
    const row = Math.floor(i / columns);
    return Number(data[row * width + (i - row * columns) * columnStep]);
  });
  return { dtype: 'float32', dims: [rows, columns], data: picked };
}
