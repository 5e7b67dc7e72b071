import { ConfigError } from '@vlmkit/core';
import type { FrameSizeOptions } from './sampling-options.js';

/** Bounds of a frame's area that a checkpoint states, in pixels; both or neither. */
export type FrameLimits = Pick<FrameSizeOptions, 'minPixels' | 'maxPixels'>;

/**
 * Reads `frame_limits`, a field of vlmkit's own, from the parsed content of video_preprocessor_config.json or from that of
 * transformers' processor_config.json. The files' `size`, `min_pixels` and `max_pixels` are passed over, as Qwen's utilities do.
 *
 * @param json the content; undefined for a checkpoint without such a file
 * @returns options for `videoFrameSize` and what takes its options; empty, so that Qwen's own bounds hold, where none are stated
 * @throws ConfigError when the field is there and does not hold two areas.
 */
export function parseFrameLimits(json: unknown): FrameLimits {
  const file = fieldsOf(json);
  const stated = ('video_processor' in file ? fieldsOf(file.video_processor) : file).frame_limits;
  if (stated === undefined || stated === null) return {};
  const { min_pixels: minPixels, max_pixels: maxPixels } = fieldsOf(stated);
  if (isArea(minPixels) && isArea(maxPixels) && minPixels <= maxPixels) return { minPixels, maxPixels };
  throw new ConfigError('frame_limits of video_preprocessor_config.json cannot be used.', {
    expected: 'min_pixels and max_pixels, numbers above 0, the first at most the second',
    actual: JSON.stringify(stated),
  });
}

function fieldsOf(json: unknown): Readonly<Record<string, unknown>> {
  return Object(json);
}

function isArea(value: unknown): value is number {
  return typeof value === 'number' && value > 0;
}
