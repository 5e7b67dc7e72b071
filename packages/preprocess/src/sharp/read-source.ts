import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { MediaError } from '@vlmkit/core';
import type { DecodeOptions } from '../image-decoder.js';

/** A path, a `file:`, `http:`, `https:` or `data:` URL, or the bytes of a file. */
export type NodeImageSource = string | URL | Uint8Array;

/** The bytes of a picture and its name in messages. */
export interface ReadPicture {
  readonly bytes: Uint8Array;
  readonly label: string;
}

/** Reads a source whole. @throws MediaError when it cannot be read or is empty. */
export async function readSource(source: NodeImageSource, options: DecodeOptions): Promise<ReadPicture> {
  const read = source instanceof Uint8Array ? { bytes: source, label: 'The picture' } : await readText(String(source));
  const label = options.name ?? read.label;
  if (read.bytes.length === 0) {
    throw new MediaError(`${label} is empty.`, { expected: 'the bytes of a picture', actual: '0 bytes' });
  }
  return { bytes: read.bytes, label };
}

async function readText(source: string): Promise<ReadPicture> {
  if (source.startsWith('data:')) return { bytes: decodeDataUrl(source), label: 'The picture in the data URL' };
  if (/^https?:/i.test(source)) return { bytes: await download(source), label: source };
  const path = source.startsWith('file:') ? fileURLToPath(source) : source;
  try {
    return { bytes: await readFile(path), label: basename(path) };
  } catch (cause) {
    throw new MediaError(`The picture ${path} cannot be read.`, {
      actual: cause instanceof Error ? cause.message : String(cause),
      remedy: 'Check the path.',
      cause,
    });
  }
}

function decodeDataUrl(url: string): Uint8Array {
  const match = /^data:([^,]*?)(;base64)?,(.*)$/is.exec(url);
  if (!match) throw new MediaError('A data URL is malformed.', { expected: 'data:image/…;base64,…' });
  const [, , base64, body = ''] = match;
  return base64 ? Buffer.from(body, 'base64') : Buffer.from(decodeURIComponent(body), 'latin1');
}

async function download(url: string): Promise<Uint8Array> {
  try {
    const response = await fetch(url);
    if (!response.ok) throw new Error(`the server answered ${response.status}`);
    return new Uint8Array(await response.arrayBuffer());
  } catch (cause) {
    throw new MediaError(`The picture ${url} cannot be downloaded.`, {
      actual: cause instanceof Error ? cause.message : String(cause),
      remedy: 'Check the address and the network.',
      cause,
    });
  }
}
