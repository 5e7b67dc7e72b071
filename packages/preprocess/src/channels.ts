import type { PixelSize } from '@vlmkit/core';
import type { RgbImage } from './rgb-image.js';

/** A picture of four 8-bit channels. */
export interface FourChannelImage extends PixelSize {
  /** [height, width, 4]. */
  readonly data: Uint8Array | Uint8ClampedArray;
}

/**
 * Lays an RGBA picture (not premultiplied) over white, rounding as Pillow's `paste` with a mask does:
 * (c * a + 255 * (255 - a)) / 255.
 */
export function compositeOnWhite({ width, height, data }: FourChannelImage): RgbImage {
  const rgb = new Uint8Array(width * height * 3);
  for (let from = 0, to = 0; to < rgb.length; from += 4, to += 3) {
    const alpha = data[from + 3]!;
    const white = 255 * (255 - alpha);
    rgb[to] = divideBy255(data[from]! * alpha + white);
    rgb[to + 1] = divideBy255(data[from + 1]! * alpha + white);
    rgb[to + 2] = divideBy255(data[from + 2]! * alpha + white);
  }
  return { width, height, data: rgb };
}

/** Takes an RGBA picture's colours as they are, without regard to transparency. */
export function dropAlpha({ width, height, data }: FourChannelImage): RgbImage {
  const rgb = new Uint8Array(width * height * 3);
  for (let from = 0, to = 0; to < rgb.length; from += 4, to += 3) {
    rgb[to] = data[from]!;
    rgb[to + 1] = data[from + 1]!;
    rgb[to + 2] = data[from + 2]!;
  }
  return { width, height, data: rgb };
}

/** Converts CMYK (0 is no ink) without a colour profile, as Pillow does: white less black, less each ink on what is left. */
export function cmykToRgb({ width, height, data }: FourChannelImage): RgbImage {
  const rgb = new Uint8Array(width * height * 3);
  for (let from = 0, to = 0; to < rgb.length; from += 4, to += 3) {
    const light = 255 - data[from + 3]!;
    rgb[to] = light - divideBy255(data[from]! * light);
    rgb[to + 1] = light - divideBy255(data[from + 1]! * light);
    rgb[to + 2] = light - divideBy255(data[from + 2]! * light);
  }
  return { width, height, data: rgb };
}

/** The nearest integer to value / 255, for values up to 255 * 255. */
function divideBy255(value: number): number {
  const rounded = value + 128;
  return ((rounded >> 8) + rounded) >> 8;
}
