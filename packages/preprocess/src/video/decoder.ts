import type { AbortSignalLike, PixelSize } from '@vlmkit/core';

/** Degrees clockwise by which a video's coded frames are turned for display. */
export type Rotation = 0 | 90 | 180 | 270;

/** What a container and its packets tell of a video, before any frame is decoded. */
export interface VideoMetadata {
  /** Short name of the codec: `avc` (H.264), `hevc`, `vp8`, `vp9`, `av1` … */
  readonly codec: string;
  /** Frames in the stream, counted from its packets. */
  readonly frameCount: number;
  /** Seconds from the first frame's start to the last one's end. */
  readonly duration: number;
  /** Frames per second: the exact rate where it is constant, frames over duration where it is not. */
  readonly averageRate: number;
  /** Whether all frames are equally far apart. */
  readonly constantRate: boolean;
  /** Size of a frame after rotation. Pixels are taken as square, as Qwen's readers do. */
  readonly size: PixelSize;
  /** The rotation that decoded frames have already undergone. */
  readonly rotation: Rotation;
}

/** One decoded frame: 8-bit RGB, rows from top to bottom without padding, upright. */
export interface DecodedFrame extends PixelSize {
  /** [height, width, 3]. */
  readonly data: Uint8Array;
  /** Position in presentation order. */
  readonly index: number;
  /** Seconds into the video at which the frame starts. */
  readonly timestamp: number;
}

/** Options of reading frames. */
export interface ReadFramesOptions {
  readonly signal?: AbortSignalLike | undefined;
  /** Called after every frame with the number read and the number asked for. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
}

/** An opened video. */
export interface VideoHandle {
  readonly metadata: VideoMetadata;
  /** Start of every frame in seconds, in presentation order. */
  readonly timestamps: Float64Array;
  /**
   * Decodes frames, one at a time: the next is decoded when the consumer asks for it, so that memory holds one
   * full-size frame. Decoding starts at the nearest key frame, and no packet is decoded twice.
   *
   * @param indices Positions in presentation order, ascending; repeats are allowed.
   * @throws MediaError when an index is out of range or a frame is damaged; AbortError when the signal is aborted.
   */
  frames(indices: readonly number[], options?: ReadFramesOptions): AsyncIterable<DecodedFrame>;
  /** Frees the decoder and closes the file. */
  close(): void;
}

/** Opens videos of one platform. `Source` is what that platform can read from. */
export interface VideoDecoder<Source> {
  /**
   * Reads the container and counts the frames.
   *
   * @throws MediaError when the source is empty, is no video, or holds a codec that the platform lacks.
   */
  open(source: Source, options?: { readonly signal?: AbortSignalLike }): Promise<VideoHandle>;
}
