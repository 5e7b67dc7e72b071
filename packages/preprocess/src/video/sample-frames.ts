import { MediaError } from '@vlmkit/core';
import { ceilByFactor, floorByFactor, roundByFactor } from '../rounding.js';
import { frameRange, type VideoTiming } from './frame-range.js';
import { evenlySpaced } from './linspace.js';
import { type FrameSamplingOptions, videoDefaults } from './sampling-options.js';

/** The frames chosen from a video, and what the limits made of the request. */
export interface FrameSample {
  /** Indices of the chosen frames in presentation order, ascending; an even count. */
  readonly indices: readonly number[];
  /** Frames per second of video that the choice amounts to. */
  readonly sampleFps: number;
  /** Frames that the requested rate or count asked for, before rounding and limits. */
  readonly requestedFrames: number;
  /** Frames in the part of the video that was considered. */
  readonly availableFrames: number;
}

/**
 * Chooses frames as Qwen's utilities do (`smart_nframes` and the readers of qwen-vl-utils 0.0.14): a number of frames
 * from the rate and the limits, then `round(linspace(first, last, n))`.
 *
 * @throws MediaError when the options contradict each other, the range holds no frames, or no even count fits.
 */
export function sampleFrames(video: VideoTiming, options: FrameSamplingOptions = {}): FrameSample {
  checkPositive(video, options);
  requireTwoFrames(video);
  const { first, last } = frameRange(video, options);
  const availableFrames = last - first + 1;
  const requestedFrames = options.nframes ?? (availableFrames / video.averageRate) * (options.fps ?? videoDefaults.fps);
  const count =
    options.nframes === undefined
      ? limitFrames(requestedFrames, availableFrames, options)
      : roundByFactor(options.nframes, videoDefaults.frameFactor);
  if (count < videoDefaults.frameFactor || count > availableFrames) {
    throw new MediaError(`The video cannot be sampled at ${count} frames.`, {
      expected: `an even number of frames from ${videoDefaults.frameFactor} to ${availableFrames}`,
      actual: describeRequest(count, options),
      remedy: 'Change nframes, minFrames, maxFrames or the part of the video.',
    });
  }
  return {
    indices: evenlySpaced(first, last, count),
    sampleFps: (count / availableFrames) * video.averageRate,
    requestedFrames,
    availableFrames,
  };
}

/** Applies the least and most frames; the most wins over the least, the video's own length over both. */
function limitFrames(requested: number, available: number, options: FrameSamplingOptions): number {
  const { frameFactor, minFrames, maxFrames } = videoDefaults;
  const least = ceilByFactor(options.minFrames ?? minFrames, frameFactor);
  const most = floorByFactor(options.maxFrames ?? Math.min(maxFrames, available), frameFactor);
  return floorByFactor(Math.min(Math.max(requested, least), most, available), frameFactor);
}

function checkPositive(video: VideoTiming, options: FrameSamplingOptions): void {
  if (options.fps !== undefined && options.nframes !== undefined) {
    throw new MediaError('Both fps and nframes are given.', { remedy: 'Give the one that should decide.' });
  }
  if (!(video.frameCount > 0) || !(video.averageRate > 0)) {
    throw new MediaError('The video has no frames or no frame rate.', {
      expected: 'at least one frame and a positive rate',
      actual: `${video.frameCount} frames at ${video.averageRate} per second`,
    });
  }
  for (const name of ['fps', 'nframes', 'minFrames', 'maxFrames'] as const) {
    const value = options[name];
    if (value !== undefined && !(value > 0 && Number.isFinite(value))) {
      throw new MediaError(`${name} is not a positive number.`, { actual: String(value) });
    }
  }
}

/** qwen-vl-utils refuses a single frame too: the encoder takes frames in pairs. */
function requireTwoFrames({ frameCount }: VideoTiming): void {
  if (frameCount >= videoDefaults.frameFactor) return;
  throw new MediaError('The video has a single frame, and time needs two.', {
    expected: `a video of at least ${videoDefaults.frameFactor} frames`,
    actual: `${frameCount} frame`,
    remedy: 'Ask about the frame as a picture, or pass it as a list of frames, in which it is repeated.',
  });
}

function describeRequest(count: number, options: FrameSamplingOptions): string {
  if (options.nframes !== undefined) return `nframes ${options.nframes}, which rounds to ${count}`;
  if (options.maxFrames !== undefined) return `maxFrames ${options.maxFrames}, which leaves ${count}`;
  return `${count}`;
}
