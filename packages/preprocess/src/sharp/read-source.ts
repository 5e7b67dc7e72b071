import { readFile, stat } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { MediaError } from '@vlmkit/core';
import { type DownloadOptions, defaultByteLimit, download, isWebAddress } from '../download/download.js';
import { tooLarge, unreadable } from '../download/source-errors.js';

/** A path, a `file:`, `http:`, `https:` or `data:` URL, or the bytes of a file. */
export type NodeImageSource = string | URL | Uint8Array;

/** The bytes of a picture and its name in messages. */
export interface SourceBytes {
  readonly bytes: Uint8Array;
  readonly label: string;
}

/**
 * Reads a source whole.
 *
 * @throws MediaError when it is missing, empty, too large or cannot be read.
 * @throws AbortError when the signal is aborted during a download.
 */
export async function readSource(source: NodeImageSource, options: DownloadOptions): Promise<SourceBytes> {
  const { byteLimit = defaultByteLimit } = options;
  const { label, bytes } = await read(source, { ...options, byteLimit });
  if (bytes.length > byteLimit) throw tooLarge(label, bytes.length, byteLimit);
  if (bytes.length > 0) return { label, bytes };
  throw new MediaError(`${label} is empty.`, {
    expected: 'the bytes of a picture',
    actual: '0 bytes',
    remedy: 'Save or download it again.',
  });
}

async function read(
  source: NodeImageSource,
  options: DownloadOptions & { readonly byteLimit: number },
): Promise<SourceBytes> {
  const { name } = options;
  if (source instanceof Uint8Array) return { label: name ?? 'The picture', bytes: source };
  const location = String(source);
  if (/^data:/i.test(location)) {
    const label = name ?? 'The picture in the data URL';
    return { label, bytes: decodeDataUrl(location, label) };
  }
  const label = name ?? location;
  if (isWebAddress(location)) return { label, bytes: await download(location, options) };
  return { label, bytes: await readPath(location, label, options.byteLimit) };
}

async function readPath(location: string, label: string, byteLimit: number): Promise<Uint8Array> {
  try {
    const path = /^file:/i.test(location) ? fileURLToPath(location) : location;
    const { size } = await stat(path);
    if (size > byteLimit) throw tooLarge(label, size, byteLimit);
    return await readFile(path);
  } catch (cause) {
    if (cause instanceof MediaError) throw cause;
    throw unreadable(label, 'picture', cause);
  }
}

function decodeDataUrl(url: string, label: string): Uint8Array {
  const comma = url.indexOf(',');
  const header = url.slice(0, comma);
  const body = url.slice(comma + 1);
  try {
    if (comma < 0) throw new Error('no comma');
    if (/;\s*base64\s*$/i.test(header)) return Buffer.from(decodeURIComponent(body), 'base64');
    return Buffer.from(unescapeBytes(body), 'latin1');
  } catch (cause) {
    throw new MediaError(`${label} is malformed.`, {
      expected: 'data:image/png;base64,… with the bytes of a picture',
      actual: `${url.slice(0, 40)}${url.length > 40 ? '…' : ''}`,
      cause,
    });
  }
}

function unescapeBytes(text: string): string {
  return text.replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}
