import { type AbortSignalLike, MediaError, type PixelSize, throwIfAborted, type VisualSegment } from '@vlmkit/core';
import type { PatchifyOptions } from '../patchify.js';
import type { ImagePreprocessorConfig } from '../preprocessor-config.js';
import { resizeBicubic } from '../resize-bicubic.js';
import type { RgbImage } from '../rgb-image.js';
import { type CutClip, cutClip } from './cut-clip.js';
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
  /** The frames. Each is resized as it comes and then let go; one that is there twice in a row is resized once. */
  readonly frames: Iterable<RgbImage> | AsyncIterable<RgbImage>;
  /** Frames per second that the sequence was sampled at (default 2). */
  readonly sampleFps?: number | undefined;
  /** Seconds of each frame (default: evenly apart by `sampleFps`, from 0). */
  readonly timestamps?: readonly number[] | undefined;
}

/** The work on frames. A pool of threads does it elsewhere, with the same results. */
export interface FrameWork {
  /** As `resizeBicubic`. The frame is not used again, so its memory may be taken over. */
  resize(frame: RgbImage, size: PixelSize): RgbImage | Promise<RgbImage>;
  /** As `cutClip`. The frames' memory may be taken over and given back in the result. */
  cutClip(frames: readonly RgbImage[], options: PatchifyOptions): CutClip | Promise<CutClip>;
}

/** Options of making a segment. */
export interface PreprocessVideoOptions extends FrameSizeOptions {
  readonly config: VideoPreprocessorConfig;
  /** Does the work on frames (default: the functions themselves, on this thread). */
  readonly work?: FrameWork | undefined;
  readonly signal?: AbortSignalLike | undefined;
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
  const { resized, original } = await resizeFrames(sequence, options);
  const { work = onThisThread } = options;
  const { patches, grid, key, frames } = await work.cutClip(resized, config);
  const segment: VisualSegment = {
    kind: 'video',
    patches,
    grid,
    original,
    resized: { width: frames[0]!.width, height: frames[0]!.height },
    secondsPerGrid: config.temporalPatchSize / sampleFps,
    timestamps: sequence.timestamps ?? Array.from({ length: count }, (_, i) => i / sampleFps),
    key,
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

const onThisThread: FrameWork = { resize: resizeBicubic, cutClip };

/** Frames that are resized, where other threads do that, while the next one is decoded. */
const framesAhead = 2;

/** Resizes frames as they come, all to the size that suits the first. */
async function resizeFrames(
  sequence: FrameSequence,
  options: PreprocessVideoOptions,
): Promise<{ readonly resized: readonly RgbImage[]; readonly original: PixelSize }> {
  const { config, work = onThisThread } = options;
  const jobs: Promise<RgbImage>[] = [];
  let original: PixelSize | undefined;
  let target: PixelSize | undefined;
  let last: RgbImage | undefined;
  for await (const frame of sequence.frames) {
    throwIfAborted(options.signal);
    const { width, height, data } = frame;
    original ??= { width, height };
    target ??= videoFrameSize(
      { width, height, frameCount: sequence.count, factor: config.patchSize * config.mergeSize },
      options,
    );
    // A frame that is shown again has been given away already.
    jobs.push(frame === last ? jobs.at(-1)! : startJob(work.resize({ width, height, data }, target)));
    last = frame;
    await jobs.at(-framesAhead);
  }
  const resized = await Promise.all(jobs);
  if (original === undefined || resized.length !== sequence.count) {
    throw new MediaError('The video does not hold the frames that it should.', {
      expected: `${Math.max(sequence.count, 1)} frames`,
      actual: String(resized.length),
    });
  }
  return { resized, original };
}

/** A result that is awaited later: if it fails before, that is no unhandled rejection. */
function startJob<T>(result: T | Promise<T>): Promise<T> {
  const job = Promise.resolve(result);
  job.catch(() => {});
  return job;
}
