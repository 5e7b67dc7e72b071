/**
 * How many frames of a video the model sees, and of which part. The names are those of Qwen's own utilities.
 *
 * Give either `fps` or `nframes`. With neither, two frames per second are sampled.
 */
export interface FrameSamplingOptions {
  /** Frames per second of video to sample (default 2). */
  readonly fps?: number | undefined;
  /** Frames to sample, whatever the duration; rounded to an even count. */
  readonly nframes?: number | undefined;
  /** Fewest frames when sampling by rate (default 4), rounded up to an even count. */
  readonly minFrames?: number | undefined;
  /** Most frames when sampling by rate (default 768), rounded down to an even count. */
  readonly maxFrames?: number | undefined;
  /** Seconds into the video of the first frame considered. */
  readonly videoStart?: number | undefined;
  /** Seconds into the video of the last frame considered. */
  readonly videoEnd?: number | undefined;
}

/** How large the model sees one frame, in pixels of area or of side. */
export interface FrameSizeOptions {
  /** Least area of a frame (default 128 tokens of 28 x 28 pixels). */
  readonly minPixels?: number | undefined;
  /** Most area of a frame (default 768 tokens of 28 x 28 pixels, and never more). */
  readonly maxPixels?: number | undefined;
  /** Area of all frames together, shared by pairs of frames (default 0.9 of 128,000 tokens). */
  readonly totalPixels?: number | undefined;
  /** With `resizedWidth`: the size to use, rounded to whole tokens, instead of one chosen by area. */
  readonly resizedHeight?: number | undefined;
  readonly resizedWidth?: number | undefined;
}

/** Constants of Qwen's utilities for video. */
export const videoDefaults = {
  fps: 2,
  minFrames: 4,
  maxFrames: 768,
  /** Frame counts are multiples of this: the encoder's temporal patch. */
  frameFactor: 2,
  /** Least and most tokens of a frame; a token covers factor x factor pixels. */
  minTokens: 128,
  maxTokens: 768,
  /** Tokens of all frames together. */
  totalTokens: 128_000 * 0.9,
  /** Least and most tokens of a frame whose size the user gives. */
  givenMinTokens: 4,
  givenMaxTokens: 16_384,
} as const;
