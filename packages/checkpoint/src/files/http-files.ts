import { WeightError } from '@vlmkit/core';
import { assertPlainName, assertRange, type CheckpointFiles, missingFile } from './checkpoint-files.js';

/** The part of the platform's `fetch` that is used. */
export type FetchLike = (
  url: string,
  init: { readonly headers: Readonly<Record<string, string>> },
) => Promise<FetchResponse>;

/** The part of the platform's Response that is used. */
export interface FetchResponse {
  readonly status: number;
  readonly headers: { get(name: string): string | null };
  readonly body?: { cancel(): Promise<void> } | null;
  arrayBuffer(): Promise<ArrayBuffer>;
  text(): Promise<string>;
}

/** Options of {@link filesFromHttp}. */
export interface HttpFilesOptions {
  /** The platform's `fetch`, or one that adds retries or caching. */
  readonly fetch: FetchLike;
  /** Sent with every request, such as an authorization. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

/**
 * A checkpoint below a URL, such as a static file server's folder or a hub's `resolve` path. Weights are read by range requests.
 *
 * @param baseUrl the folder's URL, with or without a trailing slash; a query string is kept.
 */
export function filesFromHttp(baseUrl: string, options: HttpFilesOptions): CheckpointFiles {
  const probes = new Map<string, Promise<Probe | undefined>>();
  const urlOf = (name: string): string => {
    assertPlainName(name);
    const [, path = '', query = ''] = /^([^?#]*)(\?[^#]*)?/.exec(baseUrl) ?? [];
    return `${path.replace(/\/+$/, '')}/${encodeURIComponent(name)}${query}`;
  };
  const request = async (name: string, headers: Readonly<Record<string, string>>): Promise<FetchResponse> => {
    const url = urlOf(name);
    try {
      return await options.fetch(url, { headers: { ...options.headers, ...headers } });
    } catch (cause) {
      throw new WeightError(`The request for ${url} failed.`, {
        actual: cause instanceof Error ? cause.message : String(cause),
        remedy: 'Check the connection and the address, then try again.',
        cause,
      });
    }
  };
  const probed = (name: string): Promise<Probe | undefined> => {
    const known = probes.get(name);
    if (known) return known;
    const probe = probeFile(name, request);
    probes.set(name, probe);
    // A failed probe must not be remembered: the next attempt may succeed.
    probe.catch(() => probes.delete(name));
    return probe;
  };
  const size = async (name: string): Promise<number> => {
    const probe = await probed(name);
    if (!probe) throw missingFile(name, baseUrl);
    return probe.size;
  };
  return {
    label: baseUrl,
    has: async (name) => (await probed(name)) !== undefined,
    size,
    version: async (name) => (await probed(name))?.version,
    async read(name, offset, length) {
      const total = await size(name);
      assertRange(name, total, { offset, length });
      if (length === 0) return new Uint8Array(0);
      const response = await request(name, { range: `bytes=${offset}-${offset + length - 1}` });
      const isWhole = response.status === 200 && offset === 0 && length === total;
      if (response.status !== 206 && !isWhole) {
        await response.body?.cancel();
        throw unexpectedStatus(name, response.status);
      }
      const bytes = new Uint8Array(await response.arrayBuffer());
      if (bytes.byteLength === length) return bytes;
      throw new WeightError(`The server sent the wrong part of ${name}.`, {
        expected: `${length} bytes from ${offset}`,
        actual: `${bytes.byteLength} bytes`,
        remedy: 'Use a server that answers range requests and does not compress the files.',
      });
    },
    async readText(name) {
      const response = await request(name, {});
      if (response.status === 200) return response.text();
      await response.body?.cancel();
      throw isAbsent(response.status) ? missingFile(name, baseUrl) : unexpectedStatus(name, response.status);
    },
  };
}

/** What a server tells of a file. */
interface Probe {
  readonly size: number;
  /** Its entity tag or the time of its last change, where the server tells (and a page of another origin may see it). */
  readonly version: string | undefined;
}

/** Asks for one byte: unlike a HEAD request this also shows whether the server knows ranges, and it survives redirects. */
async function probeFile(
  name: string,
  request: (name: string, headers: Readonly<Record<string, string>>) => Promise<FetchResponse>,
): Promise<Probe | undefined> {
  const response = await request(name, { range: 'bytes=0-0' });
  await response.body?.cancel();
  if (isAbsent(response.status)) return undefined;
  const version = response.headers.get('etag') ?? response.headers.get('last-modified') ?? undefined;
  if (response.status === 416) return { size: 0, version };
  const stated =
    response.status === 206
      ? /\/(\d+)$/.exec(response.headers.get('content-range') ?? '')?.[1]
      : response.headers.get('content-length');
  if (response.status !== 206 && response.status !== 200) throw unexpectedStatus(name, response.status);
  // A text file sent compressed has no stated length; it is there all the same, and is read whole.
  return { size: stated === undefined || stated === null ? 0 : Number(stated), version };
}

function isAbsent(status: number): boolean {
  return status === 404 || status === 410;
}

function unexpectedStatus(name: string, status: number): WeightError {
  return new WeightError(`The server did not send ${name}.`, {
    expected: 'status 206 (partial content)',
    actual: `status ${status}`,
    remedy:
      status === 401 || status === 403
        ? 'Pass an authorization in `headers`, and check that you may read this checkpoint.'
        : 'Use a server that answers range requests, and allow the Range header for pages of another origin.',
  });
}
