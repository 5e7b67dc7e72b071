import { type RuntimeError, unlessAborted } from '@vlmkit/core';
import { type DownloadOptions, download } from '../download/download.js';

/** Downloads of this thread: while a server is slow, the other threads have other work. */
export class Downloads {
  readonly #running = new Set<AbortController>();
  #closed: RuntimeError | undefined;

  /** @throws MediaError, AbortError as `download` does; what {@link Downloads.close} was given once that is called. */
  async fetch(url: string, { signal, ...options }: DownloadOptions): Promise<Uint8Array<ArrayBuffer>> {
    if (this.#closed) throw this.#closed;
    const running = new AbortController();
    this.#running.add(running);
    try {
      return await unlessAborted(download(url, { ...options, signal: running.signal }), signal);
    } finally {
      this.#running.delete(running);
      running.abort();
    }
  }

  /** Ends the downloads under way. */
  close(reason: RuntimeError): void {
    this.#closed = reason;
    for (const running of this.#running) running.abort(reason);
  }
}
