import { MediaError, type PixelSize, PromptError } from '@vlmkit/core';
import { roundHalfEven } from './rounding.js';

/** What {@link smartResize} is told. */
export interface SmartResizeOptions extends PixelSize {
  /** Both sides become multiples of this: patch size times merge size (28). */
  readonly factor: number;
  /** Least area of the result, in pixels. */
  readonly minPixels: number;
  /** Most area of the result, in pixels. */
  readonly maxPixels: number;
  /**
   * Which of the two rules in use decides for a side under half a factor. `processor` (default): the image processor's,
   * which takes it as 0 and so scales the picture up to `minPixels`. `utils`: that of Qwen's own utilities, used for
   * frames of a video and for given sizes, which takes it as one factor.
   */
  readonly rule?: 'processor' | 'utils' | undefined;
}

/** Sides that differ by more than this are refused, as in the reference. */
const maxAspectRatio = 200;

/**
 * The size at which the model sees a picture: both sides multiples of `factor`, the area within bounds, the aspect ratio
 * kept as nearly as that allows. Halves round to even, as Python's `round` does (side 70 becomes 56).
 *
 * Source: `smart_resize` of Qwen2-VL's image processor and of qwen-vl-utils.
 *
 * @throws MediaError when one side is more than 200 times the other.
 * @throws PromptError when a bound or the factor is not a positive number.
 */
export function smartResize(options: SmartResizeOptions): PixelSize {
  const { height, width, factor, minPixels, maxPixels, rule = 'processor' } = options;
  checkPositive({ height, width, factor, minPixels, maxPixels });
  checkAspectRatio(options);
  const least = rule === 'utils' ? factor : 0;
  const roundedHeight = Math.max(least, roundHalfEven(height / factor) * factor);
  const roundedWidth = Math.max(least, roundHalfEven(width / factor) * factor);
  const area = roundedHeight * roundedWidth;
  if (area > maxPixels) {
    const shrink = Math.sqrt((height * width) / maxPixels);
    return {
      height: Math.max(factor, Math.floor(height / shrink / factor) * factor),
      width: Math.max(factor, Math.floor(width / shrink / factor) * factor),
    };
  }
  if (area < minPixels) {
    const grow = Math.sqrt(minPixels / (height * width));
    return {
      height: Math.ceil((height * grow) / factor) * factor,
      width: Math.ceil((width * grow) / factor) * factor,
    };
  }
  // Only a bound under one factor's area lets a side of 0 through.
  return { height: Math.max(factor, roundedHeight), width: Math.max(factor, roundedWidth) };
}

function checkAspectRatio({ width, height }: PixelSize): void {
  const ratio = Math.max(width, height) / Math.min(width, height);
  if (ratio <= maxAspectRatio) return;
  throw new MediaError(`A picture of ${width} x ${height} pixels is too elongated.`, {
    expected: `one side at most ${maxAspectRatio} times the other`,
    actual: `${Number(ratio.toFixed(1))} times`,
    remedy: 'Crop it, or cut it into several pictures.',
  });
}

function checkPositive(values: Readonly<Record<string, number>>): void {
  for (const [name, value] of Object.entries(values)) {
    if (value > 0 && Number.isFinite(value)) continue;
    throw new PromptError(`${name} is out of range.`, { expected: 'a number above 0', actual: String(value) });
  }
}
