import { WeightError } from '@vlmkit/core';
import { describe, expect, it } from 'vitest';
import { type FetchLike, type FetchResponse, filesFromHttp } from './http-files.js';

interface Behaviour {
  readonly ignoresRanges?: boolean;
  readonly status?: number;
  readonly shortBy?: number;
}

/** A file server in memory that keeps the requests it was sent. */
function server(contents: Readonly<Record<string, string>>, behaviour: Behaviour = {}) {
  const requests: { url: string; headers: Readonly<Record<string, string>> }[] = [];
  const fetch: FetchLike = async (url, { headers }) => {
    requests.push({ url, headers });
    const name = decodeURIComponent(new URL(url).pathname.split('/').pop() ?? '');
    const content = contents[name];
    if (behaviour.status !== undefined) return respond(behaviour.status, new Uint8Array(), {});
    if (content === undefined) return respond(404, new Uint8Array(), {});
    const bytes = new TextEncoder().encode(content);
    const range = /^bytes=(\d+)-(\d+)$/.exec(headers.range ?? '');
    if (!range || behaviour.ignoresRanges) return respond(200, bytes, { 'content-length': String(bytes.length) });
    const part = bytes.slice(Number(range[1]), Number(range[2]) + 1 - (behaviour.shortBy ?? 0));
    return respond(206, part, { 'content-range': `bytes ${range[1]}-${range[2]}/${bytes.length}` });
  };
  return { fetch, requests };
}

function respond(status: number, bytes: Uint8Array, headers: Readonly<Record<string, string>>): FetchResponse {
  return {
    status,
    headers: { get: (name) => headers[name] ?? null },
    arrayBuffer: async () => new Uint8Array(bytes).buffer,
    text: async () => new TextDecoder().decode(bytes),
  };
}

const base = 'https://example.org/a/b/';

describe('filesFromHttp', () => {
  it('reads sizes, ranges and text', async () => {
    const { fetch, requests } = server({ 'model.safetensors': '0123456789', 'config.json': '{}' });
    const files = filesFromHttp(base, { fetch, headers: { authorization: 'Bearer x' } });
    expect(await files.has('model.safetensors')).toBe(true);
    expect(await files.has('other.json')).toBe(false);
    expect(await files.size('model.safetensors')).toBe(10);
    expect(new TextDecoder().decode(await files.read('model.safetensors', 3, 4))).toBe('3456');
    expect(await files.read('model.safetensors', 10, 0)).toHaveLength(0);
    expect(await files.readText('config.json')).toBe('{}');
    expect(requests.every(({ headers }) => headers.authorization === 'Bearer x')).toBe(true);
    expect(requests.find(({ headers }) => headers.range === 'bytes=3-6')?.url).toBe(
      'https://example.org/a/b/model.safetensors',
    );
  });

  it('asks for a size once, and keeps a query string', async () => {
    const { fetch, requests } = server({ 'a.bin': 'xyz' });
    const files = filesFromHttp('https://example.org/a?key=1', { fetch });
    await Promise.all([files.size('a.bin'), files.has('a.bin'), files.size('a.bin')]);
    expect(requests.map(({ url }) => url)).toEqual(['https://example.org/a/a.bin?key=1']);
  });

  it.each<[string, Behaviour, RegExp]>([
    ['a server without ranges', { ignoresRanges: true }, /did not send a\.bin.*Found status 200.*range requests/],
    ['a refused request', { status: 403 }, /status 403.*authorization/],
    ['a failing server', { status: 500 }, /status 500/],
    ['a short answer', { shortBy: 1 }, /wrong part of a\.bin\. Expected 2 bytes from 1\. Found 1 bytes/],
  ])('reports %s', async (_, behaviour, message) => {
    const files = filesFromHttp(base, { fetch: server({ 'a.bin': '0123' }, behaviour).fetch });
    const reading = files.read('a.bin', 1, 2);
    await expect(reading).rejects.toBeInstanceOf(WeightError);
    await expect(reading).rejects.toThrow(message);
  });

  it('refuses ranges outside the file and names outside the folder', async () => {
    const files = filesFromHttp(base, { fetch: server({ 'a.bin': '0123' }).fetch });
    await expect(files.read('a.bin', 2, 3)).rejects.toThrow(/bytes 2 to 5 of a\.bin.*its 4 bytes/);
    await expect(files.size('../a.bin')).rejects.toThrow(/names the file/);
    await expect(files.readText('none.json')).rejects.toThrow(/no none\.json in https/);
  });

  it('tells versions apart as the server does', async () => {
    const { fetch } = server({ 'a.bin': 'xyz' });
    const told = (headers: Readonly<Record<string, string>>): FetchLike => {
      return async (...request) => {
        const response = await fetch(...request);
        return { ...response, headers: { get: (name) => headers[name] ?? response.headers.get(name) } };
      };
    };
    const version = (headers: Readonly<Record<string, string>>, name = 'a.bin') =>
      filesFromHttp(base, { fetch: told(headers) }).version?.(name);
    expect(await version({ etag: '"1"', 'last-modified': 'Monday' })).toBe('"1"');
    expect(await version({ 'last-modified': 'Monday' })).toBe('Monday');
    expect(await version({})).toBeUndefined();
    expect(await version({ etag: '"1"' }, 'none.bin')).toBeUndefined();
  });

  it('tries again after a failed connection', async () => {
    const { fetch } = server({ 'a.bin': '0123' });
    let failures = 1;
    const flaky: FetchLike = async (url, init) => {
      if (failures-- > 0) throw new TypeError('fetch failed');
      return fetch(url, init);
    };
    const files = filesFromHttp(base, { fetch: flaky });
    await expect(files.size('a.bin')).rejects.toThrow(/request for https.*failed\. Found fetch failed/);
    expect(await files.size('a.bin')).toBe(4);
  });
});
