import type { AbortSignalLike, VisualSegment } from '@vlmkit/core';
import type { ImagePart, MediaFile, VideoPart } from './content-parts.js';
import type { VisionPreprocessing } from './model-info.js';

/** Progress and abort of reading media. */
export interface MediaProgress {
  readonly signal?: AbortSignalLike | undefined;
  /** Called with a fraction in 0..1 as a clip is decoded. */
  readonly onProgress?: ((fraction: number) => void) | undefined;
}

/** What a media source is asked for beside the part itself. */
export interface MediaRequest extends MediaProgress {
  /** How the model wants its pictures cut. */
  readonly vision: VisionPreprocessing;
  /** Most tokens that the model takes. A clip of more cannot be asked, and need not be read to its end. */
  readonly contextLength?: number | undefined;
}

/**
 * Turns the pictures and clips of messages into segments. The environment's own: Node reads paths and decodes with sharp
 * and FFmpeg, a browser reads URLs and decodes with canvas and WebCodecs.
 */
export interface MediaSource {
  /** @throws MediaError when the picture cannot be read or is outside what the model takes. */
  image(part: ImagePart<MediaFile>, request: MediaRequest): Promise<VisualSegment>;
  /** @throws MediaError when the clip cannot be read or has no frame in the range. */
  video?(part: VideoPart<MediaFile>, request: MediaRequest): Promise<VisualSegment>;
  /** Ends what works for it, such as threads. Whoever made the source calls it; models that share it do not. */
  dispose?(): Promise<void>;
}
