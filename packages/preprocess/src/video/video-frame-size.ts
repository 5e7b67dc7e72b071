import { MediaError, type PixelSize } from '@vlmkit/core';
import { ceilByFactor } from '../rounding.js';
import { smartResize } from '../smart-resize.js';
import { type FrameSizeOptions, videoDefaults } from './sampling-options.js';

/** What the size of a video's frames depends on beside the options. */
export interface FrameSizeInput extends PixelSize {
  /** Frames that the model sees together. */
  readonly frameCount: number;
  /** Side of a visual token in pixels: patch size times merge size (28). */
  readonly factor: number;
}

/**
 * The size at which the model sees each frame of a video: both sides multiples of `factor`, the area between `minPixels`
 * and the least of `maxPixels`, 768 tokens and the frame's share of `totalPixels`.
 *
 * Source: `fetch_video` of qwen-vl-utils 0.0.14.
 *
 * @throws MediaError when the bounds contradict each other or the frame is more than 200 times longer than wide.
 */
export function videoFrameSize(input: FrameSizeInput, options: FrameSizeOptions = {}): PixelSize {
  const { width, height, factor } = input;
  const { resizedHeight, resizedWidth } = options;
  checkBounds(options);
  const token = factor * factor;
  if (resizedHeight !== undefined && resizedWidth !== undefined) {
    const bounds = { minPixels: videoDefaults.givenMinTokens * token, maxPixels: videoDefaults.givenMaxTokens * token };
    return smartResize({ height: resizedHeight, width: resizedWidth, factor, ...bounds, rule: 'utils' });
  }
  const minPixels = options.minPixels ?? videoDefaults.minTokens * token;
  const maxPixels = Math.min(
    options.maxPixels ?? Number.POSITIVE_INFINITY,
    largestFrame(input, { ...options, minPixels }),
  );
  if (maxPixels < minPixels) {
    throw new MediaError('No size fits the limits of a video frame.', {
      expected: `maxPixels of at least minPixels, ${minPixels} pixels`,
      actual: `${maxPixels} pixels`,
      remedy: 'Raise maxPixels, or lower minPixels as well.',
    });
  }
  return smartResize({ width, height, factor, minPixels, maxPixels, rule: 'utils' });
}

/** The most pixels that the budget leaves for a frame, but always a little more than the least. */
function largestFrame(
  { frameCount, factor }: FrameSizeInput,
  options: FrameSizeOptions & { minPixels: number },
): number {
  const { frameFactor, maxTokens, totalTokens } = videoDefaults;
  const token = factor * factor;
  const frames = ceilByFactor(frameCount, frameFactor);
  const share = ((options.totalPixels ?? totalTokens * token) / frames) * frameFactor;
  return Math.max(Math.min(maxTokens * token, share), Math.trunc(options.minPixels * 1.05));
}

function checkBounds(options: FrameSizeOptions): void {
  if ((options.resizedHeight === undefined) !== (options.resizedWidth === undefined)) {
    throw new MediaError('Only one of resizedHeight and resizedWidth is given.', { remedy: 'Give both or neither.' });
  }
  for (const name of ['minPixels', 'maxPixels', 'totalPixels', 'resizedHeight', 'resizedWidth'] as const) {
    const value = options[name];
    if (value !== undefined && !(value > 0)) {
      throw new MediaError(`${name} is not a positive number.`, { actual: String(value) });
    }
  }
}
