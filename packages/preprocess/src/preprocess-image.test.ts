import { MediaError, PromptError } from '@vlmkit/core';
import { describe, expect, test } from 'vitest';
import { noise } from '../test-support/golden.js';
import { publishedConfig as config } from '../test-support/published-config.js';
import { contentKey } from './content-key.js';
import { preprocessImage, resizedImageSize } from './preprocess-image.js';

describe('preprocessImage', () => {
  test('states what it did', () => {
    const segment = preprocessImage(noise(100, 60, 1), { config });
    expect(segment).toMatchObject({
      kind: 'image',
      grid: [1, 4, 8],
      original: { width: 100, height: 60 },
      resized: { width: 112, height: 56 },
      patches: { dtype: 'float32', dims: [32, 1176] },
    });
  });

  test('takes bounds of one picture before those of the model', () => {
    const size = { width: 640, height: 480 };
    expect(resizedImageSize(size, { config, maxPixels: 50_000 })).toEqual({ width: 252, height: 168 });
    expect(resizedImageSize(size, { config, minPixels: 1_000_000 })).toEqual({ width: 1176, height: 868 });
    expect(resizedImageSize(size, { config, minPixels: undefined })).toEqual({ width: 644, height: 476 });
  });

  test('refuses bounds that contradict each other, but lets one pass the model’s own', () => {
    const size = { width: 640, height: 480 };
    expect(() => resizedImageSize(size, { config, minPixels: 50_000, maxPixels: 10_000 })).toThrow(PromptError);
    expect(resizedImageSize(size, { config, maxPixels: config.minPixels / 2 })).toEqual({ width: 28, height: 28 });
  });

  test('takes a given size, in whole tokens, whatever the aspect ratio', () => {
    const options = { config, resizedWidth: 290, resizedHeight: 70 };
    expect(preprocessImage(noise(50, 50, 1), options)).toMatchObject({
      resized: { width: 280, height: 56 },
      original: { width: 50, height: 50 },
      grid: [1, 4, 20],
    });
    // A side under half a token becomes one, as Qwen's utilities have it.
    expect(resizedImageSize({ width: 9, height: 9 }, { config, resizedWidth: 1000, resizedHeight: 10 }).height).toBe(
      28,
    );
    expect(() => resizedImageSize({ width: 9, height: 9 }, { config, resizedWidth: 28 })).toThrow(PromptError);
    expect(() => resizedImageSize({ width: 9, height: 9 }, { config, resizedWidth: 28, resizedHeight: 0 })).toThrow(
      PromptError,
    );
  });

  test('refuses what is no picture', () => {
    expect(() => preprocessImage({ width: 2, height: 2, data: new Uint8Array(16) }, { config })).toThrow(MediaError);
    expect(() => preprocessImage({ width: 0, height: 2, data: new Uint8Array(0) }, { config })).toThrow(/one pixel/);
    expect(() => preprocessImage(noise(1, 201, 1), { config })).toThrow(/200 times/);
  });
});

describe('contentKey', () => {
  const picture = noise(28, 28, 1);

  test('is that of the pixels that the model sees', () => {
    expect(preprocessImage(noise(56, 56, 2), { config }).key).toBe(contentKey(noise(56, 56, 2)));
    expect(contentKey([picture])).toBe(contentKey(picture));
    expect(contentKey(picture)).toMatch(/^[0-9a-f]{32}$/);
  });

  test('does not depend on where the pixels lie in memory', () => {
    const shifted = new Uint8Array(picture.data.length + 1);
    shifted.set(picture.data, 1);
    expect(contentKey({ ...picture, data: shifted.subarray(1) })).toBe(contentKey(picture));
  });

  test('changes with any byte, the size, the order and the number of frames', () => {
    const keys = new Set([contentKey(picture)]);
    for (let i = 0; i < picture.data.length; i++) {
      const data = picture.data.slice();
      data[i]! ^= 1 << (i % 8);
      keys.add(contentKey({ ...picture, data }));
    }
    const other = noise(28, 28, 2);
    keys.add(contentKey({ ...picture, width: 14, height: 56 }));
    keys.add(contentKey([picture, other]));
    keys.add(contentKey([other, picture]));
    keys.add(contentKey([picture, picture]));
    expect(keys.size).toBe(1 + picture.data.length + 4);
  });

  test('of small pictures whose bytes end in mid-block tells them apart', () => {
    const one = { width: 1, height: 1, data: Uint8Array.of(1, 2, 3) };
    expect(contentKey(one)).not.toBe(contentKey({ ...one, data: Uint8Array.of(1, 2, 4) }));
    expect(contentKey(one)).not.toBe(contentKey({ width: 2, height: 1, data: Uint8Array.of(1, 2, 3, 0, 0, 0) }));
  });
});
