/**
 * How many frames of a video the model sees, and of which part. The names are those of Qwen's own utilities.
 *
 * Give either `fps` or `nframes`. With neither, two frames per second are sampled.
 */
export interface FrameSamplingOptions {
  /** Frames per second of video to sample (default 2). */
  readonly fps?: number;
  /** Frames to sample, whatever the duration; rounded to an even count. */
  readonly nframes?: number;
  /** Fewest frames when sampling by rate (default 4), rounded up to an even count. */
  readonly minFrames?: number;
  /** Most frames when sampling by rate (default 768), rounded down to an even count. */
  readonly maxFrames?: number;
  /** Seconds into the video of the first frame considered. */
  readonly videoStart?: number;
  /** Seconds into the video of the last frame considered. */
  readonly videoEnd?: number;
}

/** How large the model sees one frame, in pixels of area or of side. */
export interface FrameSizeOptions {
  /** Least area of a frame (default 128 tokens of 28 x 28 pixels). */
  readonly minPixels?: number;
  /** Most area of a frame (default 768 tokens of 28 x 28 pixels, and never more). */
  readonly maxPixels?: number;
  /** Area of all frames together, shared by pairs of frames (default 0.9 of 128,000 tokens). */
  readonly totalPixels?: number;
  /** With `resizedWidth`: the size to use, rounded to whole tokens, instead of one chosen by area. */
  readonly resizedHeight?: number;
  readonly resizedWidth?: number;
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
