import { MediaError } from '@vlmkit/core';
import type { Source } from 'mediabunny';
import type { VideoDecoder } from '../video/decoder.js';
import { requireVideo, signatureLength } from '../video/not-a-video.js';
import type { Mediabunny } from '../video-mediabunny/library.js';
import { openVideo } from '../video-mediabunny/open-video.js';
import { createUrlSource, type UrlSourceOptions } from '../video-mediabunny/url-source.js';
import { createSamplePictureReader } from './sample-picture-reader.js';

/** A URL, a Blob or File, or the bytes of a file. */
export type WebVideoSource = string | URL | Blob | Uint8Array;

/**
 * Decodes videos in the browser with WebCodecs, through mediabunny: whatever the browser's `VideoDecoder` takes, in
 * MP4, MOV, WebM, Matroska and MPEG-TS.
 *
 * mediabunny is an optional install and is loaded when the first video is opened.
 */
export function createWebVideoDecoder(): VideoDecoder<WebVideoSource> {
  return {
    async open(source, { signal } = {}) {
      const library = await loadMediabunny();
      return openVideo({
        library,
        platform: {
          canDecode: (track) => track.canDecode(),
          createReader: (track) => createSamplePictureReader(library, track),
          codecRemedy: 'Use a browser that decodes it, or convert the file to H.264 or VP9.',
        },
        ...(await describeSource(source, library, { signal })),
        ...(signal && { signal }),
      });
    },
  };
}

async function loadMediabunny(): Promise<Mediabunny> {
  try {
    return await import('mediabunny');
  } catch (cause) {
    throw new MediaError('Videos cannot be decoded: mediabunny is not installed or does not load.', {
      actual: cause instanceof Error ? cause.message : String(cause),
      remedy: 'Run `npm install mediabunny`, or give the frames as pictures.',
      cause,
    });
  }
}

async function describeSource(
  source: WebVideoSource,
  library: Mediabunny,
  options: UrlSourceOptions,
): Promise<{ readonly source: Source; readonly label: string }> {
  if (source instanceof Blob) {
    const label = 'name' in source && typeof source.name === 'string' ? source.name : 'The video';
    requireVideo(new Uint8Array(await source.slice(0, signatureLength).arrayBuffer()), label);
    return { source: new library.BlobSource(source), label };
  }
  if (source instanceof Uint8Array) {
    requireVideo(source, 'The video');
    return { source: new library.BufferSource(source), label: 'The video' };
  }
  return { source: createUrlSource(library, source, options), label: String(source) };
}
