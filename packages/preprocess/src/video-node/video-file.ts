import { open, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { MediaError } from '@vlmkit/core';
import type { Source } from 'mediabunny';
import { type DownloadOptions, download, downloadHead, isWebAddress } from '../download/download.js';
import { unreadable } from '../download/source-errors.js';
import { isAnimationFile } from '../video/animation.js';
import { requireVideo, signatureLength } from '../video/not-a-video.js';
import type { Mediabunny } from '../video-mediabunny/library.js';
import { createUrlSource } from '../video-mediabunny/url-source.js';
import type { NodeVideoSource } from './video-source.js';

/** A video file, or an animated picture in place of one. */
export type VideoFile =
  | { readonly kind: 'animation'; readonly label: string; readonly source: string | Uint8Array }
  | { readonly kind: 'video'; readonly label: string; readonly open: (library: Mediabunny) => Source };

/**
 * Finds a file and looks at its first bytes.
 *
 * @throws MediaError when it is not there or empty, or a picture or document.
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
  if (isAnimationFile(bytes)) return { kind: 'animation', label, source: bytes };
  requireVideo(bytes, label);
  return { kind: 'video', label, open: (library) => new library.BufferSource(bytes) };
}

/** Of a video, the parts that are needed are read later; an animation is needed whole, and again and again. */
async function remoteFile(url: string, options: DownloadOptions): Promise<VideoFile> {
  const head = await downloadHead(url, signatureLength, options);
  if (isAnimationFile(head)) return { kind: 'animation', label: url, source: await download(url, options) };
  requireVideo(head, url);
  return { kind: 'video', label: url, open: (library) => createUrlSource(library, url, options) };
}

async function localFile(path: string): Promise<VideoFile> {
  const label = basename(path);
  const head = await readHead(path);
  if (isAnimationFile(head)) return { kind: 'animation', label, source: path };
  requireVideo(head, label);
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

async function readHead(path: string): Promise<Uint8Array> {
  try {
    // Pipes would be waited for.
    if (!(await stat(path)).isFile()) throw notAFile(path);
    const file = await open(path);
    try {
      const { buffer, bytesRead } = await file.read(new Uint8Array(signatureLength), 0, signatureLength, 0);
      return buffer.subarray(0, bytesRead);
    } finally {
      await file.close();
    }
  } catch (cause) {
    if (cause instanceof MediaError) throw cause;
    throw unreadable(path, 'video', cause);
  }
}

function notAFile(path: string): MediaError {
  return new MediaError(`${path} is not a file.`, { remedy: 'Give a video file, or a list of frames.' });
}
