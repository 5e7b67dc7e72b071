import type { PixelSize } from '@vlmkit/core';
import type { Rotation } from './decoder.js';

/** How a coded picture is turned for display: first clockwise, then mirrored left to right. */
export interface Orientation {
  readonly rotation: Rotation;
  readonly flip: boolean;
}

/** Size of a picture after orientation. */
export function orientedSize(size: PixelSize, { rotation }: Orientation): PixelSize {
  return rotation % 180 === 0 ? { width: size.width, height: size.height } : { width: size.height, height: size.width };
}

/**
 * Turns and mirrors an RGB picture [height, width, 3]. Pixels move, none is interpolated.
 *
 * For rotation 90, the pixel at output (x, y) is the one at input (y, height - 1 - x).
 */
export function orientRgb(
  picture: PixelSize & { readonly data: Uint8Array },
  orientation: Orientation,
): PixelSize & { readonly data: Uint8Array } {
  const { rotation, flip } = orientation;
  if (rotation === 0 && !flip) return picture;
  const { width: w, height: h, data } = picture;
  const size = orientedSize(picture, orientation);
  const out = new Uint8Array(data.length);
  // Input offset of the output's first pixel, and the steps of one pixel right and one row down.
  const walk = {
    0: { origin: 0, right: 1, down: w },
    90: { origin: (h - 1) * w, right: -w, down: 1 },
    180: { origin: h * w - 1, right: -1, down: -w },
    270: { origin: w - 1, right: w, down: -1 },
  }[rotation];
  let to = 0;
  for (let y = 0; y < size.height; y++) {
    for (let x = 0; x < size.width; x++) {
      const column = flip ? size.width - 1 - x : x;
      const from = (walk.origin + column * walk.right + y * walk.down) * 3;
      out[to++] = data[from]!;
      out[to++] = data[from + 1]!;
      out[to++] = data[from + 2]!;
    }
  }
  return { ...size, data: out };
}
