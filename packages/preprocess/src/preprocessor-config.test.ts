import { ConfigError } from '@vlmkit/core';
import { describe, expect, test } from 'vitest';
import { parseImagePreprocessorConfig } from './preprocessor-config.js';

const common = {
  patch_size: 14,
  temporal_patch_size: 2,
  merge_size: 2,
  image_mean: [0.48145466, 0.4578275, 0.40821073],
  image_std: [0.26862954, 0.26130258, 0.27577711],
};
const published = {
  ...common,
  min_pixels: 3136,
  max_pixels: 12_845_056,
  image_processor_type: 'Qwen2VLImageProcessor',
};
const config = {
  minPixels: 3136,
  maxPixels: 12_845_056,
  patchSize: 14,
  temporalPatchSize: 2,
  mergeSize: 2,
  mean: common.image_mean,
  std: common.image_std,
};

describe('parseImagePreprocessorConfig', () => {
  test.each<[string, unknown]>([
    ['the published checkpoints', published],
    [
      'transformers 5',
      { ...common, size: { shortest_edge: 3136, longest_edge: 12_845_056 }, resample: 3, do_resize: true },
    ],
    ['early Qwen2-VL', { ...common, size: { min_pixels: 3136, max_pixels: 12_845_056 } }],
    ['processor_config.json', { image_processor: published, processor_class: 'Qwen2_5_VLProcessor' }],
    ['bounds stated twice, of which the old names hold', { ...published, size: { shortest_edge: 1, longest_edge: 2 } }],
    ['fields that are null', { ...published, size: null, resample: null, rescale_factor: null }],
  ])('reads the layout of %s', (_, json) => {
    expect(parseImagePreprocessorConfig(json)).toEqual(config);
  });

  test('reads the factor for rescaling', () => {
    const json = { ...published, rescale_factor: 0.00392156862745098 };
    expect(parseImagePreprocessorConfig(json)).toEqual({ ...config, rescaleFactor: 1 / 255 });
  });

  test.each<[string, unknown, RegExp]>([
    ['no object', [], /not an object.*Found \[\]/],
    ['nothing', undefined, /not an object/],
    ['no bounds', common, /^min_pixels .* is missing\. Expected a number above 0/],
    ['no upper bound', { ...common, min_pixels: 3136 }, /^max_pixels .* is missing/],
    [
      'bounds the wrong way round',
      { ...published, min_pixels: 2, max_pixels: 1 },
      /at most max_pixels \(1\)\. Found 2/,
    ],
    [
      'a patch size that is no number',
      { ...published, patch_size: '14' },
      /^patch_size .*positive integer\. Found "14"/,
    ],
    ['a merge size of 0', { ...published, merge_size: 0 }, /^merge_size/],
    ['no mean', { ...published, image_mean: undefined }, /^image_mean .* missing/],
    ['two deviations', { ...published, image_std: [1, 1] }, /^image_std .*three numbers.*\[1,1\]/],
    ['a deviation of 0', { ...published, image_std: [1, 0, 1] }, /^image_std/],
    ['another filter', { ...published, resample: 2 }, /^resample .*3 \(bicubic\)\. Found 2/],
    ['a step left out', { ...published, do_normalize: false }, /^do_normalize/],
  ])('refuses %s, by name', (_, json, message) => {
    expect(() => parseImagePreprocessorConfig(json)).toThrow(ConfigError);
    expect(() => parseImagePreprocessorConfig(json)).toThrow(message);
  });
});
