import { open, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { MediaError } from '@vlmkit/core';
import type { Source } from 'mediabunny';
import { type DownloadOptions, download, downloadHead, isWebAddress } from '../download/download.js';
import { isAnimationFile } from '../video/animation.js';
import type { Mediabunny } from '../video-mediabunny/library.js';
import { createUrlSource } from '../video-mediabunny/url-source.js';

/** A path, a `file:`, `http:`, `https:` or `data:` URL, or the bytes of a file. */
export type NodeVideoSource = string | URL | Uint8Array;

/** A video file, or an animated picture in place of one. */
export type VideoFile =
  | { readonly kind: 'animation'; readonly label: string; readonly source: string | Uint8Array }
  | { readonly kind: 'video'; readonly label: string; readonly open: (library: Mediabunny) => Source };

/**
 * Finds a file and looks at its first bytes.
 *
 * @throws MediaError when it is not there, or is empty.
 * @throws AbortError when the signal is aborted during a download.
 */
export async function findVideoFile(source: NodeVideoSource, options: DownloadOptions): Promise<VideoFile> {
  if (source instanceof Uint8Array) return bytesFile(source);
  const text = String(source);
  if (text.startsWith('data:')) return bytesFile(await decodeDataUrl(text));
  if (isWebAddress(text)) return remoteFile(text, options);
  return localFile(text.startsWith('file:') ? fileURLToPath(text) : text);
}

function bytesFile(bytes: Uint8Array): VideoFile {
  const label = 'The video';
  if (bytes.length === 0) throw empty(label);
  if (isAnimationFile(bytes)) return { kind: 'animation', label, source: bytes };
  return { kind: 'video', label, open: (library) => new library.BufferSource(bytes) };
}

/** Of a video, the parts that are needed are read later; an animation is needed whole, and again and again. */
async function remoteFile(url: string, options: DownloadOptions): Promise<VideoFile> {
  const head = await downloadHead(url, headLength, options);
  if (head.length === 0) throw empty(url);
  if (isAnimationFile(head)) return { kind: 'animation', label: url, source: await download(url, options) };
  return { kind: 'video', label: url, open: (library) => createUrlSource(library, url, options) };
}

async function localFile(path: string): Promise<VideoFile> {
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
  if (isAnimationFile(await readHead(path))) return { kind: 'animation', label, source: path };
  return { kind: 'video', label, open: (library) => new library.FilePathSource(path) };
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

/** Bytes that tell an animation from a video. */
const headLength = 12;

async function readHead(path: string): Promise<Uint8Array> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(new Uint8Array(headLength), 0, headLength, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

function empty(label: string): MediaError {
  return new MediaError(`${label} is empty.`, { expected: 'the bytes of a video file', actual: '0 bytes' });
}
