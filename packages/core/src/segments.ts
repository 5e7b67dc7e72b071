import type { Tensor } from './tensor.js';

/** Patches per temporal step, row and column: [t, h, w], before the spatial merge. */
export type GridThw = readonly [t: number, h: number, w: number];

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
