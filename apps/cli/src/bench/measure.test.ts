import { int64 } from '@vlmkit/core';
import { expect, it } from 'vitest';
import type { OpenModel } from '../model-options.js';
import { measure } from './measure.js';

it('cuts pictures as the checkpoint says', async () => {
  const seen: unknown[] = [];
  const nothing = { download: async () => int64([0], []), dispose: () => undefined };
  const encoder = {
    encode: async ({ patches, grid }: { patches: { dims: readonly number[] }; grid: readonly number[] }) => {
      seen.push([patches.dims, grid]);
      return nothing;
    },
  };
  const image = { patchSize: 16, mergeSize: 4, temporalPatchSize: 1, mean: [0, 0, 0] };
  const model = {
    modules: { encoder, inputProjector: { project: async () => nothing }, backbone: {} },
    info: { vision: { image } },
  } as unknown as OpenModel['model'];
  const points = { images: [128], prefill: [], depths: [], tokens: 1 };
  const { vision } = await measure({ model, loadMs: 0 }, points);
  expect(vision).toMatchObject([{ patches: 64 }]);
  const width = 3 * 16 * 16;
  expect(seen).toEqual([
    [
      [16, width],
      [1, 4, 4],
    ],
    [
      [64, width],
      [1, 8, 8],
    ],
  ]);
});
