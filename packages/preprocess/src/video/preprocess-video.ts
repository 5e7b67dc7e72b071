import { type AbortSignalLike, MediaError, type PixelSize, throwIfAborted, type VisualSegment } from '@vlmkit/core';
import { contentKey } from '../content-key.js';
import { patchify } from '../patchify.js';
import type { ImagePreprocessorConfig } from '../preprocessor-config.js';
import { resizeBicubic } from '../resize-bicubic.js';
import type { RgbImage } from '../rgb-image.js';
import type { ReadFramesOptions, VideoHandle } from './decoder.js';
import { type FrameSample, sampleFrames } from './sample-frames.js';
import { type FrameSamplingOptions, type FrameSizeOptions, videoDefaults } from './sampling-options.js';
import { videoFrameSize } from './video-frame-size.js';

/** What the processor's config says of frames; `min_pixels` and `max_pixels` in it are for pictures only. */
export type VideoPreprocessorConfig = Omit<ImagePreprocessorConfig, 'minPixels' | 'maxPixels'>;

/** Frames in order, whether they come from a file or a list of pictures. */
export interface FrameSequence {
  /** How many frames there are; known in advance because it decides their size. */
  readonly count: number;
  /** The frames. Each is resized as it comes and then let go. */
  readonly frames: Iterable<RgbImage> | AsyncIterable<RgbImage>;
  /** Frames per second that the sequence was sampled at (default 2). */
  readonly sampleFps?: number;
  /** Seconds of each frame (default: evenly apart by `sampleFps`, from 0). */
  readonly timestamps?: readonly number[];
}

/** Options of making a segment. */
export interface PreprocessVideoOptions extends FrameSizeOptions {
  readonly config: VideoPreprocessorConfig;
  readonly signal?: AbortSignalLike;
}

/** A segment and the frames that it was made of. */
export interface PreprocessedVideo {
  readonly segment: VisualSegment;
  /** The frames at the size that the model sees, in order. */
  readonly frames: readonly RgbImage[];
}

/**
 * Frames as a video segment: each resized on arrival, pairs of frames cut into patches. An odd number of frames repeats
 * its last. One temporal step covers `temporalPatchSize / sampleFps` seconds.
 *
 * @throws MediaError when there are no frames, fewer than stated, or they cannot be shown to the model.
 */
export async function preprocessVideo(
  sequence: FrameSequence,
  options: PreprocessVideoOptions,
): Promise<PreprocessedVideo> {
  const { config } = options;
  const { count, sampleFps = videoDefaults.fps } = sequence;
  if (!(sampleFps > 0 && Number.isFinite(sampleFps))) {
    throw new MediaError('sampleFps is not a positive number.', { actual: String(sampleFps) });
  }
  const { frames, original } = await resizeFrames(sequence, options);
  const { patches, grid } = patchify(frames, config);
  const segment: VisualSegment = {
    kind: 'video',
    patches,
    grid,
    original,
    resized: { width: frames[0]!.width, height: frames[0]!.height },
    secondsPerGrid: config.temporalPatchSize / sampleFps,
    timestamps: sequence.timestamps ?? Array.from({ length: count }, (_, i) => i / sampleFps),
    key: clipKey(frames),
  };
  return { segment, frames };
}

/** Options of making a segment from a video file. */
export interface PreprocessVideoFileOptions extends FrameSamplingOptions, PreprocessVideoOptions, ReadFramesOptions {}

/** A segment from a video file, and what the limits made of the request. */
export interface PreprocessedVideoFile extends PreprocessedVideo {
  readonly sample: FrameSample;
}

/**
 * Samples a video by its own length and rate, decodes the chosen frames and makes a segment of them. Videos longer than
 * the limits allow are sampled more thinly; `sample` tells how.
 *
 * @throws MediaError when the range holds no frames, a frame is damaged, or the options contradict each other.
 */
export async function preprocessVideoFile(
  handle: VideoHandle,
  options: PreprocessVideoFileOptions,
): Promise<PreprocessedVideoFile> {
  const sample = sampleFrames(handle.metadata, options);
  const { indices, sampleFps } = sample;
  const { signal, onProgress } = options;
  const sequence: FrameSequence = {
    count: indices.length,
    frames: handle.frames(indices, { ...(signal && { signal }), ...(onProgress && { onProgress }) }),
    sampleFps,
    timestamps: indices.map((index) => handle.timestamps[index]!),
  };
  return { ...(await preprocessVideo(sequence, options)), sample };
}

/** Resizes frames one by one, all to the size that suits the first. */
async function resizeFrames(
  sequence: FrameSequence,
  options: PreprocessVideoOptions,
): Promise<{ readonly frames: readonly RgbImage[]; readonly original: PixelSize }> {
  const frames: RgbImage[] = [];
  let original: PixelSize | undefined;
  let target: PixelSize | undefined;
  for await (const { width, height, data } of sequence.frames) {
    throwIfAborted(options.signal);
    original ??= { width, height };
    target ??= videoFrameSize(
      { width, height, frameCount: sequence.count, factor: options.config.patchSize * options.config.mergeSize },
      options,
    );
    frames.push(resizeBicubic({ width, height, data }, target));
  }
  if (original === undefined || frames.length !== sequence.count) {
    throw new MediaError('The video does not hold the frames that it should.', {
      expected: `${Math.max(sequence.count, 1)} frames`,
      actual: String(frames.length),
    });
  }
  return { frames, original };
}

/** Identity of a clip: a hash over its frames' hashes. */
function clipKey(frames: readonly RgbImage[]): string {
  const keys = frames.map(contentKey).join('');
  return contentKey({ width: frames.length, height: 1, data: Uint8Array.from(keys, (digit) => digit.charCodeAt(0)) });
}
