import { readFile, stat } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { AbortError, type AbortSignalLike, MediaError } from '@vlmkit/core';

/** A path, a `file:`, `http:`, `https:` or `data:` URL, or the bytes of a file. */
export type NodeImageSource = string | URL | Uint8Array;

/** The bytes of a picture and its name in messages. */
export interface SourceBytes {
  readonly bytes: Uint8Array;
  readonly label: string;
}

/** Options of {@link readSource}. */
export interface ReadSourceOptions {
  /** Names the source in messages. */
  readonly name?: string | undefined;
  /** Most bytes to read. */
  readonly byteLimit: number;
  readonly signal?: AbortSignalLike | undefined;
}

/**
 * Reads a source whole.
 *
 * @throws MediaError when it is missing, empty, too large or cannot be read.
 * @throws AbortError when the signal is aborted during a download.
 */
export async function readSource(source: NodeImageSource, options: ReadSourceOptions): Promise<SourceBytes> {
  const { label, bytes } = await read(source, options);
  if (bytes.length > options.byteLimit) throw tooLarge(label, bytes.length, options);
  if (bytes.length > 0) return { label, bytes };
  throw new MediaError(`${label} is empty.`, {
    expected: 'the bytes of a picture',
    actual: '0 bytes',
    remedy: 'Save or download it again.',
  });
}

async function read(source: NodeImageSource, options: ReadSourceOptions): Promise<SourceBytes> {
  const { name } = options;
  if (source instanceof Uint8Array) return { label: name ?? 'The picture', bytes: source };
  const location = String(source);
  if (/^data:/i.test(location)) {
    const label = name ?? 'The picture in the data URL';
    return { label, bytes: decodeDataUrl(location, label) };
  }
  const label = name ?? location;
  if (/^https?:/i.test(location)) return { label, bytes: await download(location, label, options) };
  return { label, bytes: await readPath(location, label, options) };
}

async function readPath(location: string, label: string, options: ReadSourceOptions): Promise<Uint8Array> {
  try {
    const path = /^file:/i.test(location) ? fileURLToPath(location) : location;
    const { size } = await stat(path);
    if (size > options.byteLimit) throw tooLarge(label, size, options);
    return await readFile(path);
  } catch (cause) {
    if (cause instanceof MediaError) throw cause;
    const { code = '' } = cause as NodeJS.ErrnoException;
    throw new MediaError(`${label} cannot be read.`, {
      expected: 'the path of a picture, an http(s) URL or a data URL',
      actual: fileProblems[code] ?? messageOf(cause),
      remedy: 'Check the path; relative ones start at the working directory.',
      cause,
    });
  }
}

const fileProblems: Readonly<Record<string, string>> = {
  ENOENT: 'no such file',
  EISDIR: 'a folder',
  EACCES: 'a file that may not be read',
  ENAMETOOLONG: 'a name that is too long for a path',
};

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

async function download(url: string, label: string, options: ReadSourceOptions): Promise<Uint8Array> {
  const { signal, byteLimit } = options;
  try {
    const response = await fetch(url, signal instanceof AbortSignal ? { signal } : {});
    if (!response.ok) throw new Error(`the server answered ${response.status} ${response.statusText}`.trim());
    const chunks: Uint8Array[] = [];
    let length = 0;
    for await (const chunk of response.body ?? []) {
      length += chunk.length;
      if (length > byteLimit) throw tooLarge(label, length, options);
      chunks.push(chunk);
    }
    return Buffer.concat(chunks, length);
  } catch (cause) {
    if (signal?.aborted) throw new AbortError(`The download of ${label} was aborted.`);
    if (cause instanceof MediaError) throw cause;
    throw new MediaError(`${label} cannot be downloaded.`, {
      actual: messageOf(cause),
      remedy: 'Check the address and the network, or save the picture and give its path.',
      cause,
    });
  }
}

function tooLarge(label: string, length: number, { byteLimit }: ReadSourceOptions): MediaError {
  return new MediaError(`${label} is too large.`, {
    expected: `a file of at most ${byteLimit} bytes`,
    actual: `${length} bytes or more`,
    remedy: 'Scale the picture down, or raise byteLimit.',
  });
}

/** The message of an error, and of what caused it: fetch keeps its reasons there. */
function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error && error.cause.message
    ? `${error.message} (${error.cause.message})`
    : error.message;
}
