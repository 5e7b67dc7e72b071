import type { FrameLimits, FrameSamplingOptions, FrameSizeOptions, ImageSizeOptions } from '@vlmkit/preprocess';
import type { ImagePart, PixelLimits, VideoPart } from './content-parts.js';

/** A picture's limits in the preprocessor's terms. */
export function imageOptions(part: ImagePart): ImageSizeOptions {
  return sizes(part);
}

/** A clip's limits: its own, then the checkpoint's `frame_limits`; Qwen's utilities' where both are silent. */
export function videoSizeOptions(part: VideoPart, limits: FrameLimits = {}): FrameSizeOptions {
  return { ...limits, ...sizes(part), ...given({ totalPixels: part.total_pixels }) };
}

/** Which frames of a clip are wanted. */
export function samplingOptions(part: VideoPart): FrameSamplingOptions {
  return given({
    fps: part.fps,
    nframes: part.nframes,
    minFrames: part.min_frames,
    maxFrames: part.max_frames,
    videoStart: part.video_start,
    videoEnd: part.video_end,
  });
}

function sizes(part: PixelLimits) {
  return given({
    minPixels: part.min_pixels,
    maxPixels: part.max_pixels,
    resizedHeight: part.resized_height,
    resizedWidth: part.resized_width,
  });
}

/** The fields that have a value. */
function given<T extends Readonly<Record<string, number | undefined>>>(fields: T): { [K in keyof T]?: number } {
  const known = Object.entries(fields).filter(([, value]) => value !== undefined);
  return Object.fromEntries(known) as { [K in keyof T]?: number };
}
