import { MediaError } from './errors.js';
import type { Tensor } from './tensor.js';

/** Patches per temporal step, row and column: [t, h, w], before the spatial merge. */
export type GridThw = readonly [t: number, h: number, w: number];

/**
 * The grid in visual tokens, each of a square of patches.
 *
 * @param spatialMergeSize patches per side of a visual token.
 * @param what names the picture or clip in messages.
 * @throws MediaError when an extent is not a positive integer, or height or width does not divide by the merge size.
 */
export function mergeGrid(grid: GridThw, spatialMergeSize: number, what = 'A picture or clip'): GridThw {
  const [t, h, w] = grid;
  const merged: GridThw = [t, h / spatialMergeSize, w / spatialMergeSize];
  if (merged.every((extent) => Number.isInteger(extent) && extent > 0)) return merged;
  throw new MediaError(`${what} has a grid that cannot be merged into visual tokens.`, {
    expected: `positive whole extents, height and width divisible by ${spatialMergeSize}`,
    actual: `[${grid.join(', ')}]`,
    remedy: 'Resize the picture to multiples of patch size x merge size, as the preprocessor does.',
  });
}

/** Ids of the placeholder tokens that visual tokens stand at: `image_token_id` and `video_token_id` of config.json. */
export interface VisualTokenIds {
  readonly image: number;
  readonly video: number;
}

/** Width and height in pixels. */
export interface PixelSize {
  readonly width: number;
  readonly height: number;
}

/**
 * One picture or clip of a prompt, in prompt order, ready for the encoder.
 *
 * Legend:
 * - p: patches of the segment, t * h * w
 * - d: values of a patch, channels * temporal_patch_size * patch_size * patch_size (1176)
 */
export interface VisualSegment {
  readonly kind: 'image' | 'video';
  /** [p, d] float32, normalised, in merge order (each 2x2 block of patches is contiguous). */
  readonly patches: Tensor<'float32'>;
  readonly grid: GridThw;
  /** Size of the user's picture (of one frame, for a video), after EXIF rotation. */
  readonly original: PixelSize;
  /** Size that the model sees. */
  readonly resized: PixelSize;
  /** Video only: seconds of video that one temporal step covers. */
  readonly secondsPerGrid?: number;
  /** Video only: times of the sampled frames, in seconds. */
  readonly timestamps?: readonly number[];
  /** Identity of the content, for caching features. */
  readonly key?: string;
}
