// Uses the packages that need no onnxruntime, where none is installed.
import assert from 'node:assert/strict';
import { ropeIndex } from '@vlmkit/mrope';

const unwanted = 'onnxruntime-node';
assert.throws(() => import.meta.resolve(unwanted), /Cannot find package/);

const tokens = { image: 151655, video: 151656 };
const segments = [{ kind: 'image', grid: [1, 4, 4] }];
const tokenIds = [1, ...Array(4).fill(tokens.image), 2];
const { positions, ropeDelta } = ropeIndex({ tokenIds, segments, spatialMergeSize: 2, tokens });
assert.deepEqual([...positions.data].map(Number), [0, 1, 1, 1, 1, 3, 0, 1, 1, 2, 2, 3, 0, 1, 2, 1, 2, 3]);
assert.equal(ropeDelta, -2);

if (process.argv.includes('preprocess')) {
  const { parseImagePreprocessorConfig, preprocessImage } = await import('@vlmkit/preprocess');
  const config = parseImagePreprocessorConfig({
    min_pixels: 3136,
    max_pixels: 12845056,
    patch_size: 14,
    temporal_patch_size: 2,
    merge_size: 2,
    image_mean: [0.5, 0.5, 0.5],
    image_std: [0.5, 0.5, 0.5],
  });
  const image = { width: 70, height: 60, data: new Uint8Array(70 * 60 * 3).fill(255) };
  const { grid, patches } = preprocessImage(image, { config });
  assert.deepEqual(grid, [1, 4, 4]);
  assert.deepEqual(patches.dims, [16, 1176]);
  assert.ok(patches.data.every((value) => value === 1));
}
console.log('used without onnxruntime');
