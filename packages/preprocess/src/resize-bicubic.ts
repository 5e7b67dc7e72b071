import type { PixelSize } from '@vlmkit/core';
import { resampleHorizontally, resampleVertically } from './resample.js';
import { checkRgbImage, type RgbImage } from './rgb-image.js';

/**
 * Resizes a picture as Pillow's `Image.resize(size, BICUBIC)` does, bit for bit: antialiased bicubic in fixed-point
 * arithmetic, one axis after the other, rounded to 8 bits after each.
 *
 * A picture that has the size already is returned as it is.
 *
 * @throws MediaError when the picture's bytes do not match its size.
 */
export function resizeBicubic(image: RgbImage, size: PixelSize): RgbImage {
  checkRgbImage(image);
  const horizontally = (from: RgbImage) => (from.width === size.width ? from : resampleHorizontally(from, size.width));
  const vertically = (from: RgbImage) => (from.height === size.height ? from : resampleVertically(from, size.height));
  return isVerticalFirst(image, size) ? horizontally(vertically(image)) : vertically(horizontally(image));
}

/**
 * Which axis comes first shows in the last bit. Pillow begins with the height where that shrinks by more than twice as
 * many pixels as the width (since version 13; before, it always began with the width).
 */
function isVerticalFirst(from: PixelSize, to: PixelSize): boolean {
  const fewerRows = from.height - to.height;
  return fewerRows > 0 && fewerRows > (from.width - to.width) * 2;
}
