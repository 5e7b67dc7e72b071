import { MediaError, type PixelSize } from '@vlmkit/core';

/**
 * A decoded picture: 8-bit RGB, rows from top to bottom without padding, upright, without transparency.
 *
 * Frames of a video have the same form.
 */
export interface RgbImage extends PixelSize {
  /** [height, width, 3]. */
  readonly data: Uint8Array;
}

/**
 * Checks that a picture has pixels, and as many bytes as its size asks for.
 *
 * @throws MediaError when it has not.
 */
export function checkRgbImage(image: RgbImage): void {
  const { width, height, data } = image;
  const whole = Number.isSafeInteger(width) && Number.isSafeInteger(height) && width > 0 && height > 0;
  if (whole && data.length === width * height * 3) return;
  throw new MediaError('A picture does not hold the pixels that its size asks for.', {
    expected: whole ? `${width * height * 3} bytes for ${width} x ${height} RGB pixels` : 'sides of at least one pixel',
    actual: whole ? `${data.length} bytes` : `${width} x ${height}`,
    remedy: 'Give 8-bit RGB values, three a pixel, without padding between rows.',
  });
}
