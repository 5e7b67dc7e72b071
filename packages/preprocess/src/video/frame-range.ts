import { MediaError } from '@vlmkit/core';
import type { FrameSamplingOptions } from './sampling-options.js';

/** What sampling needs to know of a video. */
export interface VideoTiming {
  /** Frames in the whole video. */
  readonly frameCount: number;
  /** Average frames per second. */
  readonly averageRate: number;
}

/** First and last index of a part of a video, both included. */
export interface FrameRange {
  readonly first: number;
  readonly last: number;
}

/**
 * The frames between two times, as `calculate_video_frame_range` of qwen-vl-utils counts them: times are clamped to the
 * video, the start rounds up to a frame and the end rounds down.
 *
 * @throws MediaError when the range holds fewer than two frames.
 */
export function frameRange(video: VideoTiming, options: FrameSamplingOptions): FrameRange {
  const { frameCount, averageRate } = video;
  const { videoStart, videoEnd } = options;
  if (videoStart === undefined && videoEnd === undefined) return { first: 0, last: frameCount - 1 };
  if (Number.isNaN(videoStart) || Number.isNaN(videoEnd)) {
    throw new MediaError('videoStart or videoEnd is not a number.', { expected: 'seconds' });
  }
  const duration = frameCount / averageRate;
  const clamp = (seconds: number) => Math.max(0, Math.min(seconds, duration));
  const first = videoStart === undefined ? 0 : Math.ceil(clamp(videoStart) * averageRate);
  const last =
    videoEnd === undefined ? frameCount - 1 : Math.min(Math.floor(clamp(videoEnd) * averageRate), frameCount - 1);
  if (first >= last) {
    throw new MediaError(
      `The part from ${videoStart ?? 0} s to ${videoEnd ?? duration} s holds fewer than two frames.`,
      {
        expected: `a start before an end, within the ${duration.toFixed(2)} s of the video (${frameCount} frames)`,
        actual: `first frame ${first}, last frame ${last}`,
        remedy: 'Change videoStart or videoEnd.',
      },
    );
  }
  return { first, last };
}
