import { MediaError, PromptError } from '@vlmkit/core';
import type { Command } from 'commander';

/** Options of the library that its errors name, by the field of a message that sets them. */
const fields: Readonly<Record<string, string>> = {
  fps: 'fps',
  nframes: 'nframes',
  minFrames: 'min_frames',
  maxFrames: 'max_frames',
  minPixels: 'min_pixels',
  maxPixels: 'max_pixels',
  totalPixels: 'total_pixels',
  resizedHeight: 'resized_height',
  resizedWidth: 'resized_width',
  videoStart: 'video_start',
  videoEnd: 'video_end',
  sampleFps: 'sample_fps',
};

/** Options whose names on the command line are others. */
const shorter: Readonly<Record<string, string>> = { videoStart: 'start', videoEnd: 'end' };

/** Limits of the library that no option of a command sets. */
const libraryRemedies = /,? or raise (pixelLimit|byteLimit|downloadTimeoutMs)\b[^.]*\./g;

/**
 * The message of an error, in which options have the names that the user of a command can type: `--max-pixels`, or
 * `max_pixels` where the pictures come from a messages file.
 */
export function messageForUser(error: Error, command: Command | undefined): string {
  if (!command || !(error instanceof MediaError || error instanceof PromptError)) return error.message;
  const flags = command.opts().messages === undefined ? command.options : [];
  let { message } = error;
  for (const [name, field] of Object.entries(fields)) {
    const flag = flags.find((option) => option.attributeName() === (shorter[name] ?? name))?.long;
    // Words of their own, not parts of a path. What a message's author wrote stays as it is.
    const own = error.actual === name || error.actual === field ? '(?<!Found )' : '';
    const pattern = new RegExp(`${own}(?<![\\w./-])(${name}|${field})(?![\\w/-]|\\.\\w)`, 'g');
    message = message.replace(pattern, flag ?? field);
  }
  return message.replace(libraryRemedies, '.');
}
