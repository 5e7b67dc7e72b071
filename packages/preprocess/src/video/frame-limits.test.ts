import { ConfigError } from '@vlmkit/core';
import { describe, expect, it } from 'vitest';
import { parseFrameLimits } from './frame-limits.js';

const frame_limits = { min_pixels: 7056, max_pixels: 12_544 };
const limits = { minPixels: 7056, maxPixels: 12_544 };

describe('parseFrameLimits', () => {
  it('reads the field where either file has it', () => {
    expect(parseFrameLimits({ frame_limits, patch_size: 14 })).toEqual(limits);
    expect(parseFrameLimits({ video_processor: { frame_limits } })).toEqual(limits);
  });

  it.each<[string, unknown]>([
    ['no file', undefined],
    ['bounds of pictures', { min_pixels: 3136, max_pixels: 12_845_056, size: { shortest_edge: 3136 } }],
    ['a processor of pictures alone', { image_processor: { frame_limits } }],
    ['null', { frame_limits: null }],
  ])('leaves it to the defaults where there is %s', (_, json) => {
    expect(parseFrameLimits(json)).toEqual({});
  });

  it.each<[string, unknown, RegExp]>([
    ['one bound', { max_pixels: 7056 }, /frame_limits.*min_pixels and max_pixels.*\{"max_pixels":7056\}/],
    ['bounds the wrong way round', { min_pixels: 2, max_pixels: 1 }, /the first at most the second/],
    ['no areas', { min_pixels: 0, max_pixels: '1' }, /numbers above 0/],
    ['no object', 7056, /Found 7056/],
  ])('refuses %s', (_, stated, message) => {
    expect(() => parseFrameLimits({ frame_limits: stated })).toThrow(ConfigError);
    expect(() => parseFrameLimits({ frame_limits: stated })).toThrow(message);
  });
});
