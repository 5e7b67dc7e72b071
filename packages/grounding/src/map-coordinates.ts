import { MediaError, type PixelSize } from '@vlmkit/core';
import type { Box, Point } from './items.js';
import type { CoordinateSpace } from './parse-grounding.js';

/** A picture as the user has it and as the model saw it. A `VisualSegment` is one. */
export interface PictureSizes {
  /** After EXIF rotation. */
  readonly original: PixelSize;
  readonly resized: PixelSize;
}

/** Options of mapping. */
export interface MapOptions extends PictureSizes {
  /** What the coordinates count. */
  readonly space: CoordinateSpace;
}

/** A point in pixels of the resized picture. Not clipped. */
export function toResized([x, y]: Point, { resized, space }: MapOptions): Point {
  return space === 'resized' ? [x, y] : [(x * resized.width) / 1000, (y * resized.height) / 1000];
}

/**
 * A point in pixels of the original picture, each axis scaled by itself, clipped to the picture.
 *
 * @throws MediaError when a size is not positive.
 */
export function mapToOriginal([x, y]: Point, { original, resized, space }: MapOptions): Point {
  for (const { width, height } of [original, resized]) {
    if (!(width > 0 && height > 0)) {
      throw new MediaError('A picture has no size to map to.', {
        expected: 'positive sizes',
        actual: `${width} x ${height}`,
        remedy: 'Pass the sizes that the preprocessor states of the picture.',
      });
    }
  }
  const [spanX, spanY] = space === 'resized' ? [resized.width, resized.height] : [1000, 1000];
  return [clip((x * original.width) / spanX, original.width), clip((y * original.height) / spanY, original.height)];
}

/**
 * A box in pixels of the original picture, clipped to it, its corners in order.
 *
 * @throws MediaError when a size is not positive.
 */
export function mapBoxToOriginal(box: Box, options: MapOptions): Box {
  const [x1, y1, x2, y2] = orderCorners(box);
  return [...mapToOriginal([x1, y1], options), ...mapToOriginal([x2, y2], options)];
}

/** The same box with x1 <= x2 and y1 <= y2. */
export function orderCorners([x1, y1, x2, y2]: Box): Box {
  return [Math.min(x1, x2), Math.min(y1, y2), Math.max(x1, x2), Math.max(y1, y2)];
}

function clip(value: number, limit: number): number {
  return Math.min(Math.max(value, 0), limit);
}
