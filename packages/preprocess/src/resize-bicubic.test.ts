import { MediaError } from '@vlmkit/core';
import { describe, expect, test } from 'vitest';
import { fixture, noise, sha256 } from '../test-support/golden.js';
import { resizeBicubic } from './resize-bicubic.js';
import type { RgbImage } from './rgb-image.js';

type Row = readonly [width: number, height: number, toWidth: number, toHeight: number, sha256: string];

/** Black and white only: the filter overshoots, so that clipping shows. */
function blackAndWhite({ width, height, data }: RgbImage): RgbImage {
  return { width, height, data: data.map((value) => (value > 127 ? 255 : 0)) };
}

describe('resizeBicubic', () => {
  test('equals Pillow bit for bit, enlarging and shrinking, at any ratio', () => {
    for (const [seed, [width, height, toWidth, toHeight, expected]] of fixture<Row[]>('resize.json').entries()) {
      const input = seed % 3 === 0 ? blackAndWhite(noise(width, height, seed)) : noise(width, height, seed);
      const { data, ...size } = resizeBicubic(input, { width: toWidth, height: toHeight });
      expect(size).toEqual({ width: toWidth, height: toHeight });
      expect(sha256(data), `${width} x ${height} to ${toWidth} x ${toHeight}`).toBe(expected);
    }
  });

  test('keeps a single colour exactly', () => {
    const data = new Uint8Array(45 * 31 * 3).map((_, i) => [7, 130, 255][i % 3]!);
    const resized = resizeBicubic({ width: 45, height: 31, data }, { width: 28, height: 56 });
    expect(resized.data.every((value, i) => value === [7, 130, 255][i % 3])).toBe(true);
  });

  test('mirrors when its input is mirrored', () => {
    const mirror = ({ width, height, data }: RgbImage): RgbImage => ({ width, height, data: data.slice().reverse() });
    const picture = noise(64, 32, 9);
    const size = { width: 28, height: 56 };
    expect(mirror(resizeBicubic(mirror(picture), size)).data).toEqual(resizeBicubic(picture, size).data);
  });

  test('does not touch its input', () => {
    const picture = noise(30, 30, 3);
    const before = picture.data.slice();
    resizeBicubic(picture, { width: 28, height: 28 });
    expect(picture.data).toEqual(before);
    expect(resizeBicubic(picture, { width: 30, height: 30 })).toBe(picture);
  });

  test('refuses a picture whose bytes do not match its size', () => {
    const image = { width: 4, height: 4, data: new Uint8Array(64) };
    expect(() => resizeBicubic(image, { width: 2, height: 2 })).toThrow(MediaError);
    expect(() => resizeBicubic(image, { width: 2, height: 2 })).toThrow(/48 bytes.*64 bytes/);
  });
});
