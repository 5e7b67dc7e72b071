import type { AbortSignalLike } from '@vlmkit/core';
import type { RgbImage } from './rgb-image.js';

/** Options of decoding one file. */
export interface DecodeOptions {
  /** Names the file in messages, where the source itself is no name (bytes). */
  readonly name?: string | undefined;
  readonly signal?: AbortSignalLike | undefined;
}

/** One frame of an animated GIF or WebP. */
export interface AnimationFrame {
  readonly image: RgbImage;
  /** Seconds from the animation's beginning at which the frame appears. */
  readonly timestamp: number;
  /** Seconds for which the frame is shown. */
  readonly duration: number;
}

/** Options of decoding an animation. */
export interface DecodeFramesOptions extends DecodeOptions {
  /**
   * Chooses frames by their times (seconds, ascending) before any is decoded; gives ascending positions. All frames
   * when left out.
   */
  readonly select?: ((timestamps: readonly number[]) => readonly number[]) | undefined;
}

/**
 * Decodes pictures of one platform to upright RGB: orientation applied, transparency composited on white, animations
 * reduced to their first frame. `Source` is what that platform can read from.
 */
export interface ImageDecoder<Source = Uint8Array> {
  /**
   * @throws MediaError when the source cannot be read, is empty, truncated or no picture, or has more pixels than allowed.
   * @throws AbortError when the signal is aborted.
   */
  decode(source: Source, options?: DecodeOptions): Promise<RgbImage>;
  /**
   * All frames of an animated GIF or WebP; a still picture is one frame of duration 0.
   *
   * @throws MediaError as `decode` does.
   */
  decodeFrames?(source: Source, options?: DecodeFramesOptions): Promise<readonly AnimationFrame[]>;
}

/** Most pixels of a picture by default, above which it is taken for a decompression bomb (as Pillow does). */
export const defaultPixelLimit = 2 * 89_478_485;
