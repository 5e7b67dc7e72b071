import { type PixelSize, PromptError, type VisualSegment } from '@vlmkit/core';
import { contentKey } from './content-key.js';
import { patchify } from './patchify.js';
import type { ImagePreprocessorConfig } from './preprocessor-config.js';
import { resizeBicubic } from './resize-bicubic.js';
import { checkRgbImage, type RgbImage } from './rgb-image.js';
import { smartResize } from './smart-resize.js';

/** How large the model sees one picture. Larger costs more tokens: one for every 28 x 28 pixels. */
export interface ImageSizeOptions {
  /** Least area in pixels (default: the model's own). */
  readonly minPixels?: number | undefined;
  /** Most area in pixels (default: the model's own). */
  readonly maxPixels?: number | undefined;
  /** With `resizedWidth`: the size to use, rounded to whole tokens, in place of the picture's own. */
  readonly resizedHeight?: number | undefined;
  readonly resizedWidth?: number | undefined;
}

/** What {@link preprocessImage} is told. */
export interface PreprocessImageOptions extends ImageSizeOptions {
  readonly config: ImagePreprocessorConfig;
}

/**
 * The size at which the model sees a picture of this size.
 *
 * @throws MediaError when one side is more than 200 times the other.
 * @throws PromptError when a size or bound is not positive, the bounds given contradict each other, or only one of the two
 *   sides is given.
 */
export function resizedImageSize(original: PixelSize, options: PreprocessImageOptions): PixelSize {
  const { config, minPixels = config.minPixels, maxPixels = config.maxPixels } = options;
  const { resizedHeight: height, resizedWidth: width } = options;
  const factor = config.patchSize * config.mergeSize;
  checkBounds(options);
  if (height === undefined && width === undefined) {
    return smartResize({ width: original.width, height: original.height, factor, minPixels, maxPixels });
  }
  if (height === undefined || width === undefined) {
    throw new PromptError('Only one side of the resized picture is given.', {
      expected: 'both resizedHeight and resizedWidth, or neither',
    });
  }
  return smartResize({ width, height, factor, minPixels, maxPixels, rule: 'utils' });
}

/** Two bounds of one picture must agree. One alone may pass the model's own, as in the reference. */
function checkBounds({ minPixels, maxPixels }: ImageSizeOptions): void {
  if (minPixels === undefined || maxPixels === undefined || minPixels <= maxPixels) return;
  throw new PromptError('minPixels is above maxPixels: no size of the picture fits.', {
    expected: `at most ${maxPixels} pixels`,
    actual: String(minPixels),
    remedy: 'Raise maxPixels, or lower minPixels.',
  });
}

/**
 * Makes a picture ready for the encoder: resizes it to whole tokens, normalises it and cuts it into patches.
 *
 * @throws MediaError when the picture's bytes do not match its size, or one side is more than 200 times the other.
 * @throws PromptError when an option is out of range.
 */
export function preprocessImage(image: RgbImage, options: PreprocessImageOptions): VisualSegment {
  checkRgbImage(image);
  const resized = resizedImageSize(image, options);
  const pixels = resizeBicubic(image, resized);
  const { patches, grid } = patchify([pixels], options.config);
  return {
    kind: 'image',
    patches,
    grid,
    original: { width: image.width, height: image.height },
    resized,
    key: contentKey([pixels]),
  };
}
