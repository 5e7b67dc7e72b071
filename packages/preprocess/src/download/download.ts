import { AbortError, type AbortSignalLike, MediaError, throwIfAborted, VlmkitError } from '@vlmkit/core';
import { messageOf, tooLarge } from './source-errors.js';

/** Limits of a download. */
export interface DownloadLimits {
  /** Most bytes (default {@link defaultByteLimit}). */
  readonly byteLimit?: number | undefined;
  /** Longest that the server may send nothing, in milliseconds (default 60,000). */
  readonly downloadTimeoutMs?: number | undefined;
}

/** Options of {@link download}. */
export interface DownloadOptions extends DownloadLimits {
  /** Names the file in messages (default: its address). */
  readonly name?: string | undefined;
  readonly signal?: AbortSignalLike | undefined;
  /** What the reader of the error can do when the file is not to be had (default: advice for Node). */
  readonly remedy?: string | undefined;
}

/** Most bytes of a file by default. */
export const defaultByteLimit = 256 * 2 ** 20;

/** Whether a source lies on a server. */
export function isWebAddress(source: string): boolean {
  return /^https?:/i.test(source);
}

/**
 * Downloads a file whole.
 *
 * @throws MediaError when it is not there, is too large, or its server falls silent.
 * @throws AbortError when the signal is aborted; a VlmkitError that is the signal's reason is thrown as it is.
 */
export function download(url: string, options: DownloadOptions = {}): Promise<Uint8Array<ArrayBuffer>> {
  const { byteLimit = defaultByteLimit, name = url } = options;
  return guard(name, options, async () => {
    const chunks: Uint8Array[] = [];
    let length = 0;
    for await (const chunk of receive(url, options)) {
      length += chunk.length;
      if (length > byteLimit) throw tooLarge(name, length, byteLimit);
      chunks.push(chunk);
    }
    return join(chunks, length);
  });
}

/** Downloads a file's first bytes, at most `length`. @throws as {@link download} does. */
export function downloadHead(url: string, length: number, options: DownloadOptions = {}): Promise<Uint8Array> {
  return guard(options.name ?? url, options, async () => {
    const chunks: Uint8Array[] = [];
    let received = 0;
    // A server that knows no ranges sends the file from its start: what comes after the head is not waited for.
    for await (const chunk of receive(url, options, { Range: `bytes=0-${length - 1}` })) {
      chunks.push(chunk);
      received += chunk.length;
      if (received >= length) break;
    }
    return join(chunks, received).subarray(0, length);
  });
}

async function guard<T>(label: string, options: DownloadOptions, work: () => Promise<T>): Promise<T> {
  const { signal, remedy = 'Check the address and the network, or save the file and give its path.' } = options;
  try {
    return await work();
  } catch (cause) {
    if (cause instanceof VlmkitError) throw cause;
    if (signal?.aborted) throw new AbortError(`The download of ${label} was aborted.`);
    throw new MediaError(`${label} cannot be downloaded.`, {
      actual: messageOf(cause),
      remedy,
      cause,
    });
  }
}

/** The greatest delay that timers know. */
const longestDelay = 2 ** 31 - 1;

async function* receive(
  url: string,
  { name = url, signal, downloadTimeoutMs = 60_000 }: DownloadOptions,
  headers: Readonly<Record<string, string>> = {},
): AsyncGenerator<Uint8Array, void, undefined> {
  throwIfAborted(signal);
  const stop = new AbortController();
  const onAbort = () => stop.abort(signal instanceof AbortSignal ? signal.reason : undefined);
  if (signal instanceof AbortSignal) signal.addEventListener('abort', onAbort);
  const delay = Math.min(downloadTimeoutMs, longestDelay);
  const startTimer = () => setTimeout(() => stop.abort(fellSilent(name, downloadTimeoutMs)), delay);
  let timer = startTimer();
  try {
    const response = await fetch(url, { headers, signal: stop.signal });
    if (!response.ok) throw new Error(`the server answered ${response.status} ${response.statusText}`.trim());
    // Not every browser can iterate over a body.
    const reader = response.body?.getReader();
    for (let part = await reader?.read(); part?.value; part = await reader?.read()) {
      throwIfAborted(signal);
      clearTimeout(timer);
      timer = startTimer();
      yield part.value;
    }
  } catch (cause) {
    // Nor does every browser hand on why it was stopped.
    throw stop.signal.aborted ? stop.signal.reason : cause;
  } finally {
    clearTimeout(timer);
    if (signal instanceof AbortSignal) signal.removeEventListener('abort', onAbort);
    // Lets go of the connection where the rest of the answer is not wanted.
    stop.abort();
  }
}

function fellSilent(label: string, timeoutMs: number): MediaError {
  return new MediaError(`${label} cannot be downloaded.`, {
    expected: `data at least every ${timeoutMs / 1000} s`,
    actual: 'a server that sends nothing',
    remedy: 'Try again later, save the file and give that, or raise downloadTimeoutMs.',
  });
}

/** The chunks as one array in memory of its own, which can be handed to another thread. */
function join(chunks: readonly Uint8Array[], length: number): Uint8Array<ArrayBuffer> {
  const joined = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    joined.set(chunk, at);
    at += chunk.length;
  }
  return joined;
}
