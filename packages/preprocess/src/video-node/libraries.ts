import { MediaError } from '@vlmkit/core';
import type { Mediabunny } from '../video-mediabunny/library.js';

/** FFmpeg's libraries. */
export type Av = typeof import('node-av');

/** What decoding needs; optional installs. */
export interface VideoLibraries {
  readonly mediabunny: Mediabunny;
  readonly av: Av;
}

/**
 * Loads the demuxer and FFmpeg's decoders.
 *
 * @throws MediaError when they are not installed or have no binary for this machine.
 */
export async function loadVideoLibraries(): Promise<VideoLibraries> {
  try {
    const [mediabunny, av] = await Promise.all([import('mediabunny'), import('node-av')]);
    // Failures come back as errors that name the file; the libraries' own lines on stderr do not.
    av.Log.setLevel(av.AV_LOG_FATAL);
    mediabunny.Logging.level = mediabunny.LogLevel.Silent;
    return { mediabunny, av };
  } catch (cause) {
    throw new MediaError('Videos cannot be decoded: the optional decoder is not installed or does not load.', {
      actual: cause instanceof Error ? cause.message : String(cause),
      remedy: 'Run `npm install mediabunny node-av`, or give the frames as pictures.',
      cause,
    });
  }
}
