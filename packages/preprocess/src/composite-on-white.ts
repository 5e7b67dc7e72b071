import type { PixelSize } from '@vlmkit/core';
import type { RgbImage } from './rgb-image.js';

/** A picture with an alpha channel, not premultiplied. */
export interface RgbaImage extends PixelSize {
  /** [height, width, 4]. */
  readonly data: Uint8Array | Uint8ClampedArray;
}

/**
 * Lays a picture over white as Pillow's `paste` with a mask does: (c·a + 255·(255 − a)) / 255, rounded, where
 * x / 255 is taken as (x + 128 + ((x + 128) >> 8)) >> 8.
 */
export function compositeOnWhite({ width, height, data }: RgbaImage): RgbImage {
  const pixels = width * height;
  const rgb = new Uint8Array(pixels * 3);
  for (let i = 0, from = 0, to = 0; i < pixels; i++, from += 4, to += 3) {
    const alpha = data[from + 3]!;
    const white = 255 * (255 - alpha) + 128;
    for (let channel = 0; channel < 3; channel++) {
      const sum = data[from + channel]! * alpha + white;
      rgb[to + channel] = ((sum >> 8) + sum) >> 8;
    }
  }
  return { width, height, data: rgb };
}
