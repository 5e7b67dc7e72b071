import { readdir, stat } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { MediaError } from '@vlmkit/core';
import type { VideoPart } from '@vlmkit/qwen-vl';
import type { Command } from 'commander';
import { nonNegativeNumber, positiveInteger, positiveNumber } from './option-values.js';
import { type PixelOptions, pixelLimits, withPixelOptions } from './pixel-options.js';
import { UsageError } from './usage-error.js';

/** How a clip is sampled, as the command line gives it. */
export interface ClipOptions extends PixelOptions {
  readonly fps?: number;
  readonly nframes?: number;
  readonly minFrames?: number;
  readonly maxFrames?: number;
  readonly start?: number;
  readonly end?: number;
  readonly sampleFps?: number;
  /** Most pixels of all frames together. */
  readonly totalPixels?: number;
}

/** Adds the options of a clip to a command. */
export function withClipOptions(command: Command): Command {
  return withTotalPixels(withPixelOptions(command))
    .option('--fps <x>', 'frames per second to sample from a video file (default: 2)', positiveNumber)
    .option('--nframes <n>', 'frames to sample from a video file, whatever the duration', positiveInteger)
    .option('--min-frames <n>', 'fewest frames of a video file, at any rate (default: 4)', positiveInteger)
    .option('--max-frames <n>', 'most frames of a video file, at any rate (default: 768)', positiveInteger)
    .option('--start <s>', 'seconds into the video file', nonNegativeNumber)
    .option('--end <s>', 'seconds into the video file', nonNegativeNumber)
    .option('--sample-fps <x>', 'rate that a list of frames was sampled at (default: 2)', positiveNumber);
}

/** Adds the limit that all frames of a clip share to a command. */
export function withTotalPixels(command: Command): Command {
  return command.option('--total-pixels <n>', 'most area of all frames of a clip together', positiveInteger);
}

/**
 * The clip that paths name: a video file, the pictures of its frames, or the folder of these.
 *
 * @throws UsageError for an option that the clip's kind does not have.
 * @throws MediaError for a folder without pictures.
 */
export async function clipPart(paths: readonly string[], options: ClipOptions = {}): Promise<VideoPart> {
  const video = paths.length === 1 ? await clipSource(paths[0]!) : paths;
  const { sampleFps, totalPixels, minFrames, maxFrames } = options;
  if (minFrames !== undefined && maxFrames !== undefined && minFrames > maxFrames) {
    throw new UsageError('--min-frames is above --max-frames.', {
      actual: `${minFrames} and ${maxFrames}`,
      remedy: 'Lower --min-frames, or raise --max-frames.',
    });
  }
  const sampling = samplingNames.filter(([name]) => options[name] !== undefined);
  if (typeof video === 'string' && sampleFps !== undefined) {
    throw new UsageError('--sample-fps is the rate of a list of frames.', {
      actual: `the video file ${video}`,
      remedy: 'Choose frames of a file with --fps or --nframes.',
    });
  }
  if (typeof video !== 'string' && sampling.length > 0) {
    throw new UsageError(`${sampling.map(([, , flag]) => flag).join(', ')} chooses frames of a video file.`, {
      actual: `a list of ${video.length} frames, which the model sees all`,
      remedy: 'Say with --sample-fps at which rate they were sampled.',
    });
  }
  return {
    type: 'video',
    video,
    ...Object.fromEntries(sampling.map(([name, field]) => [field, options[name]])),
    ...pixelLimits(options),
    ...(totalPixels !== undefined && { total_pixels: totalPixels }),
    ...(sampleFps !== undefined && { sample_fps: sampleFps }),
  };
}

/** Options that choose frames of a file: here, in a message, and on the command line. */
const samplingNames = [
  ['fps', 'fps', '--fps'],
  ['nframes', 'nframes', '--nframes'],
  ['minFrames', 'min_frames', '--min-frames'],
  ['maxFrames', 'max_frames', '--max-frames'],
  ['start', 'video_start', '--start'],
  ['end', 'video_end', '--end'],
] as const;

const pictureExtensions = new Set(['.png', '.jpg', '.jpeg', '.webp', '.gif', '.avif', '.tif', '.tiff']);

/** The path itself, or for a folder the pictures in it, numbers in their names counted as numbers. */
async function clipSource(path: string): Promise<string | readonly string[]> {
  const isFolder = await stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
  if (!isFolder) return path;
  const { compare } = new Intl.Collator('en', { numeric: true });
  const names = (await readdir(path)).filter((name) => pictureExtensions.has(extname(name).toLowerCase()));
  if (names.length > 0) return names.sort(compare).map((name) => join(path, name));
  throw new MediaError(`The folder ${path} holds no frames.`, {
    expected: `pictures (${[...pictureExtensions].join(', ')})`,
    remedy: 'Pass a folder of frames, or a video file.',
  });
}
