import { open, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { MediaError } from '@vlmkit/core';
import type { Source } from 'mediabunny';
import { createSharpDecoder } from '../sharp/index.js';
import { isAnimationFile, openAnimation } from '../video/animation.js';
import type { VideoDecoder } from '../video/decoder.js';
import type { Mediabunny } from '../video-mediabunny/library.js';
import { openVideo } from '../video-mediabunny/open-video.js';
import { findAvCodec } from './av-decoder.js';
import { createAvPictureReader } from './av-picture-reader.js';
import { loadVideoLibraries } from './libraries.js';

/** A path, a `file:`, `http:`, `https:` or `data:` URL, or the bytes of a file. */
export type NodeVideoSource = string | URL | Uint8Array;

/**
 * Decodes videos in Node: mediabunny reads the container, FFmpeg (through node-av) decodes in software. H.264, HEVC, VP8, VP9, AV1 and ProRes in MP4, MOV,
 * WebM, Matroska and MPEG-TS. Frames are those of PyAV and decord, bit for bit.
 *
 * Animated GIF and WebP are read with sharp. All of these libraries are optional installs, loaded when first needed.
 */
export function createNodeVideoDecoder(): VideoDecoder<NodeVideoSource> {
  return {
    async open(source, { signal } = {}) {
      const file = await describeSource(source);
      if (isAnimationFile(file.head)) {
        const images = createSharpDecoder();
        return openAnimation((options) => images.decodeFrames(source, options), { ...(signal && { signal }) });
      }
      const libraries = await loadVideoLibraries();
      return openVideo({
        library: libraries.mediabunny,
        platform: {
          canDecode: async (track) => (await findAvCodec(libraries.av, track)) !== null,
          createReader: (track) => createAvPictureReader(libraries, track),
          codecRemedy: 'Convert it, for example with `ffmpeg -i FILE -c:v libx264 OUT.mp4`.',
        },
        source: file.open(libraries.mediabunny),
        label: file.label,
        ...(signal && { signal }),
      });
    },
  };
}

interface VideoFile {
  readonly label: string;
  /** The first bytes; none for a remote file, which is taken for a video. */
  readonly head: Uint8Array;
  readonly open: (library: Mediabunny) => Source;
}

async function describeSource(source: NodeVideoSource): Promise<VideoFile> {
  if (source instanceof Uint8Array) {
    if (source.length === 0) throw empty('The video');
    return { label: 'The video', head: source, open: (library) => new library.BufferSource(source) };
  }
  const text = String(source);
  if (text.startsWith('data:')) return describeSource(await decodeDataUrl(text));
  if (/^https?:/.test(text))
    return { label: text, head: new Uint8Array(), open: (library) => new library.UrlSource(text) };
  const path = text.startsWith('file:') ? fileURLToPath(text) : text;
  const label = basename(path);
  const { size, isFile } = await stat(path).then(
    (found) => ({ size: found.size, isFile: found.isFile() }),
    (cause: unknown) => {
      throw new MediaError(`The video ${path} cannot be opened.`, {
        actual: cause instanceof Error ? cause.message : String(cause),
        remedy: 'Check the path.',
        cause,
      });
    },
  );
  if (!isFile) throw new MediaError(`${path} is not a file.`, { remedy: 'Give a video file, or a list of frames.' });
  if (size === 0) throw empty(label);
  return { label, head: await readHead(path), open: (library) => new library.FilePathSource(path) };
}

async function decodeDataUrl(url: string): Promise<Uint8Array> {
  try {
    const response = await fetch(url);
    return new Uint8Array(await response.arrayBuffer());
  } catch (cause) {
    throw new MediaError('The video is a data URL that cannot be read.', {
      expected: 'data:video/mp4;base64,…',
      actual: `${url.slice(0, 40)}…`,
      cause,
    });
  }
}

async function readHead(path: string): Promise<Uint8Array> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(new Uint8Array(12), 0, 12, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

function empty(label: string): MediaError {
  return new MediaError(`${label} is empty.`, { expected: 'the bytes of a video file', actual: '0 bytes' });
}
