import type { ImagePart } from '@vlmkit/qwen-vl';
import type { Command } from 'commander';
import { positiveInteger } from './option-values.js';

/** How large the model sees a picture or a frame, as the command line gives it. */
export interface PixelOptions {
  readonly minPixels?: number;
  readonly maxPixels?: number;
}

/** Adds the limits of size to a command. */
export function withPixelOptions(command: Command): Command {
  return command
    .option('--min-pixels <n>', 'least area at which the model sees a picture or frame', positiveInteger)
    .option('--max-pixels <n>', 'most area at which it does: fewer pixels, fewer tokens', positiveInteger);
}

/** The limits in the terms of messages. */
export function pixelLimits({ minPixels, maxPixels }: PixelOptions) {
  return {
    ...(minPixels !== undefined && { min_pixels: minPixels }),
    ...(maxPixels !== undefined && { max_pixels: maxPixels }),
  };
}

/** A picture within the limits. */
export function imagePart(image: string, options: PixelOptions = {}): ImagePart {
  return { type: 'image', image, ...pixelLimits(options) };
}
