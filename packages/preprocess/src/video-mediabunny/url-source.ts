import { type AbortSignalLike, MediaError } from '@vlmkit/core';
import type { Source } from 'mediabunny';
import type { Mediabunny } from './library.js';

/** How a video on a server is read. */
export interface UrlSourceOptions {
  readonly signal?: AbortSignalLike | undefined;
  /** Longest that the server may take to answer, in milliseconds (default 60,000). */
  readonly downloadTimeoutMs?: number | undefined;
}

const mostRetries = 2;
const retryDelaySeconds = 0.5;

/** A video on a server, of which the parts that are needed are read. The library would retry without end, and knows no signal. */
export function createUrlSource(library: Mediabunny, url: string | URL, options: UrlSourceOptions = {}): Source {
  const { signal } = options;
  let retries = 0;
  return new library.UrlSource(url, {
    fetchFn: (input, init) => fetchInTime(input, init, options),
    getRetryDelay: (_, error) => {
      const hopeless = signal?.aborted || error instanceof MediaError || ++retries > mostRetries;
      return hopeless ? null : retryDelaySeconds;
    },
  });
}

/** The greatest delay that timers know. */
const longestDelay = 2 ** 31 - 1;

async function fetchInTime(
  input: Parameters<typeof fetch>[0],
  init: RequestInit | undefined,
  { signal, downloadTimeoutMs = 60_000 }: UrlSourceOptions,
): Promise<Response> {
  const late = new AbortController();
  const signals = [late.signal, init?.signal, signal].filter((one) => one instanceof AbortSignal);
  const timer = setTimeout(
    () => late.abort(tooSlow(String(input), downloadTimeoutMs)),
    Math.min(downloadTimeoutMs, longestDelay),
  );
  try {
    return await fetch(input, { ...init, signal: AbortSignal.any(signals) });
  } finally {
    clearTimeout(timer);
  }
}

function tooSlow(url: string, timeoutMs: number): MediaError {
  return new MediaError(`${url} cannot be read as a video.`, {
    expected: `an answer within ${timeoutMs / 1000} s`,
    actual: 'a server that sends nothing',
    remedy: 'Try again later, save the file and give its path, or raise downloadTimeoutMs.',
  });
}
