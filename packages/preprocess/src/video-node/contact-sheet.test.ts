import { MediaError } from '@vlmkit/core';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import type { RgbImage } from '../rgb-image.js';
import { drawContactSheet, formatTime } from './contact-sheet.js';

const plain = (color: readonly [number, number, number]): RgbImage => ({
  width: 80,
  height: 60,
  data: Uint8Array.from({ length: 80 * 60 * 3 }, (_, i) => color[i % 3]!),
});
const colors = [
  [200, 0, 0],
  [0, 200, 0],
  [0, 0, 200],
  [200, 200, 0],
  [0, 200, 200],
] as const;

describe('drawContactSheet', () => {
  it('lays frames out in reading order, with writing under each', async () => {
    const frames = colors.map(plain);
    const png = await drawContactSheet({ frames, timestamps: [0, 0.5, 1, 1.5, 2] }, { columns: 2 });
    const { data, info } = await sharp(png).raw().toBuffer({ resolveWithObject: true });
    expect([info.width, info.height, info.channels]).toEqual([6 + 2 * 86, 6 + 3 * 86, 3]);
    const pixel = (x: number, y: number) => [...data.subarray((y * info.width + x) * 3, (y * info.width + x) * 3 + 3)];
    colors.forEach((color, i) => {
      const [left, top] = [6 + (i % 2) * 86, 6 + Math.floor(i / 2) * 86];
      expect(pixel(left + 40, top + 30)).toEqual(color);
      const label = Array.from({ length: 80 * 20 }, (_, k) => pixel(left + (k % 80), top + 60 + Math.floor(k / 80)));
      expect(label.some(([red]) => red! > 150)).toBe(true);
    });
    expect(pixel(6 + 86 + 40, 6 + 2 * 86 + 30)).toEqual([0x20, 0x21, 0x24]);
  });

  it('makes large frames small', async () => {
    const sheet = await drawContactSheet({ frames: [plain([1, 2, 3])], timestamps: [0] }, { frameWidth: 40 });
    expect(await sharp(sheet).metadata()).toMatchObject({ width: 6 + 46, height: 6 + 30 + 26 });
  });

  it('refuses frames without times', async () => {
    await expect(drawContactSheet({ frames: [], timestamps: [] })).rejects.toThrow(MediaError);
    await expect(drawContactSheet({ frames: [plain([0, 0, 0])], timestamps: [] })).rejects.toThrow(
      /1 frames and 0 times/,
    );
  });
});

describe('formatTime', () => {
  it.each([
    [0, '0:00.00'],
    [75.5, '1:15.50'],
    [59.999, '1:00.00'],
    [3661.25, '1:01:01.25'],
    [-0.5, '-0:00.50'],
  ])('writes %d seconds as %s', (seconds, text) => {
    expect(formatTime(seconds)).toBe(text);
  });
});
