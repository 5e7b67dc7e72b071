import { ConfigError, MediaError } from '@vlmkit/core';
import { describe, expect, test } from 'vitest';
import { fixture, noise, sha256 } from '../test-support/golden.js';
import { type PatchifyOptions, patchify } from './patchify.js';
import { preprocessImage } from './preprocess-image.js';
import type { RgbImage } from './rgb-image.js';

interface Golden {
  readonly mean: readonly number[];
  readonly std: readonly number[];
  readonly images: readonly {
    readonly width: number;
    readonly height: number;
    readonly minPixels: number;
    readonly maxPixels: number;
    readonly grid: readonly number[];
    readonly shape: readonly number[];
    readonly sha256: string;
    readonly first: readonly number[];
  }[];
  readonly clip: {
    readonly width: number;
    readonly height: number;
    readonly seeds: readonly number[];
    readonly grid: readonly number[];
    readonly sha256: string;
  };
}

const golden = fixture<Golden>('patches.json');
const layout: PatchifyOptions = {
  patchSize: 14,
  temporalPatchSize: 2,
  mergeSize: 2,
  mean: golden.mean,
  std: golden.std,
};

/** A picture in which every channel takes every value. */
function everyValue(): RgbImage {
  const data = new Uint8Array(28 * 28 * 3).map((_, i) => Math.trunc(i / 3) % 256);
  return { width: 28, height: 28, data };
}

describe('pictures', () => {
  test('equal the reference image processor bit for bit', () => {
    for (const [seed, row] of golden.images.entries()) {
      const { width, height, minPixels, maxPixels } = row;
      const image = seed === 0 ? everyValue() : noise(width, height, seed);
      const segment = preprocessImage(image, { config: { ...layout, minPixels, maxPixels } });
      expect(segment.grid).toEqual(row.grid);
      expect(segment.patches.dims).toEqual(row.shape);
      expect([...segment.patches.data.subarray(0, 8)]).toEqual(row.first);
      expect(sha256(segment.patches.data), `${width} x ${height}`).toBe(row.sha256);
    }
  });
});

describe('clips', () => {
  const { width, height, seeds } = golden.clip;
  const frames = seeds.map((seed) => noise(width, height, seed));

  test('equal the reference bit for bit', () => {
    const { patches, grid } = patchify(frames, layout);
    expect(grid).toEqual(golden.clip.grid);
    expect(sha256(patches.data)).toBe(golden.clip.sha256);
  });

  test('repeat the last frame of an odd count', () => {
    const odd = patchify(frames.slice(0, 5), layout);
    expect(odd.grid).toEqual([3, 4, 6]);
    expect(odd.patches.data).toEqual(patchify([...frames.slice(0, 5), frames[4]!], layout).patches.data);
    expect(odd.patches.data).not.toEqual(patchify(frames, layout).patches.data);
  });

  test('may span another number of frames, with patches of another size', () => {
    const three = patchify(frames.slice(0, 4), { ...layout, temporalPatchSize: 3, patchSize: 7, mergeSize: 4 });
    expect(three.grid).toEqual([2, 8, 12]);
    expect(three.patches.dims).toEqual([2 * 8 * 12, 3 * 3 * 7 * 7]);
    const last = three.patches.data.subarray(-three.patches.dims[1]!);
    const planes = Array.from({ length: 9 }, (_, i) => [...last.subarray(i * 49, (i + 1) * 49)]);
    expect(planes[0]).toEqual(planes[1]); // only one frame was left for the second step
    expect(planes[0]).toEqual(planes[2]);
    expect(planes[2]).not.toEqual(planes[3]);
  });
});

describe('bad input', () => {
  test.each([
    ['no frames', [], MediaError, /no frame/],
    ['frames of two sizes', [noise(28, 28, 1), noise(28, 56, 1)], MediaError, /28 x 28 pixels, as the first.*28 x 56/],
    ['sides of half tokens', [noise(28, 42, 1)], MediaError, /28 x 42.*multiples of 28/],
  ])('%s', (_, frames, type, message) => {
    expect(() => patchify(frames, layout)).toThrow(type);
    expect(() => patchify(frames, layout)).toThrow(message);
  });

  test('a layout or normalisation that cannot be', () => {
    expect(() => patchify([noise(28, 28, 1)], { ...layout, patchSize: 0 })).toThrow(ConfigError);
    expect(() => patchify([noise(28, 28, 1)], { ...layout, std: [1, 0, 1] })).toThrow(/std.*above 0/);
    expect(() => patchify([noise(28, 28, 1)], { ...layout, mean: [1, 2] })).toThrow(/mean.*three/);
  });
});
