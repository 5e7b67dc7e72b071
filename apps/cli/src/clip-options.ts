import { readdir, stat } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { MediaError } from '@vlmkit/core';
import type { VideoPart } from '@vlmkit/qwen-vl';
import type { Command } from 'commander';
import { nonNegativeNumber, positiveInteger, positiveNumber } from './option-values.js';
import { UsageError } from './usage-error.js';

/** How a clip is sampled, as the command line gives it. */
export interface ClipOptions {
  readonly fps?: number;
  readonly nframes?: number;
  readonly start?: number;
  readonly end?: number;
  readonly sampleFps?: number;
}

/** Adds the options of a clip's frames to a command. */
export function withClipOptions(command: Command): Command {
  return command
    .option('--fps <x>', 'frames per second to sample from a video file (default: 2)', positiveNumber)
    .option('--nframes <n>', 'frames to sample from a video file, whatever the duration', positiveInteger)
    .option('--start <s>', 'seconds into the video file', nonNegativeNumber)
    .option('--end <s>', 'seconds into the video file', nonNegativeNumber)
    .option('--sample-fps <x>', 'rate that a list of frames was sampled at (default: 2)', positiveNumber);
}

/**
 * The clip that paths name: a video file, the pictures of its frames, or the folder of these.
 *
 * @throws UsageError for an option that the clip's kind does not have.
 * @throws MediaError for a folder without pictures.
 */
export async function clipPart(paths: readonly string[], options: ClipOptions = {}): Promise<VideoPart> {
  const video = paths.length === 1 ? await clipSource(paths[0]!) : paths;
  const { fps, nframes, start, end, sampleFps } = options;
  const sampling = Object.entries({ fps, nframes, start, end }).filter(([, value]) => value !== undefined);
  if (typeof video === 'string' && sampleFps !== undefined) {
    throw new UsageError('--sample-fps is the rate of a list of frames.', {
      actual: `the video file ${video}`,
      remedy: 'Choose frames of a file with --fps or --nframes.',
    });
  }
  if (typeof video !== 'string' && sampling.length > 0) {
    throw new UsageError(`${sampling.map(([name]) => `--${name}`).join(', ')} chooses frames of a video file.`, {
      actual: `a list of ${video.length} frames, which the model sees all`,
      remedy: 'Say with --sample-fps at which rate they were sampled.',
    });
  }
  return {
    type: 'video',
    video,
    ...(fps !== undefined && { fps }),
    ...(nframes !== undefined && { nframes }),
    ...(start !== undefined && { video_start: start }),
    ...(end !== undefined && { video_end: end }),
    ...(sampleFps !== undefined && { sample_fps: sampleFps }),
  };
}

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
