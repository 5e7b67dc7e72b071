import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { AbortError, MediaError, RuntimeError } from '@vlmkit/core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { noise } from '../../test-support/golden.js';
import { publishedConfig as config } from '../../test-support/published-config.js';
import { createPreprocessPool } from './preprocess-pool.js';

const path = fileURLToPath(new URL('../../../../fixtures/preprocess/files/rgb.png', import.meta.url));
const bytes = readFileSync(path);
const pool = createPreprocessPool({ threads: 1 });
let server: Server;
let origin: string;

beforeAll(async () => {
  server = createServer((request, response) => {
    if (request.url === '/rgb.png') response.setHeader('Connection', 'close').end(bytes);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(async () => {
  await pool.close();
  server.closeAllConnections();
  server.close();
});

test('a download gives what the file gives, as text or as a URL', async () => {
  const expected = await pool.image(path, { config });
  for (const source of [`${origin}/rgb.png`, new URL(`${origin}/rgb.png`)]) {
    expect(await pool.image(source, { config })).toEqual(expected);
  }
});

test('a slow server keeps nobody else waiting, and is given up at once', async () => {
  const abort = new AbortController();
  const slow = Promise.allSettled([
    pool.image(`${origin}/slow.png`, { config, signal: abort.signal }),
    pool.decode(`${origin}/slow.png`, { signal: abort.signal }),
  ]);
  expect((await pool.image(path, { config })).original).toEqual({ width: 37, height: 26 });
  abort.abort();
  for (const result of await slow) {
    expect(result).toMatchObject({ status: 'rejected', reason: expect.any(AbortError) });
  }
});

test('a silent server is given up after a while', async () => {
  const impatient = createPreprocessPool({ threads: 1, downloadTimeoutMs: 40 });
  const failed = await impatient.image(`${origin}/slow.png`, { config }).catch((error: unknown) => error);
  expect(failed).toBeInstanceOf(MediaError);
  expect(failed).toMatchObject({ message: expect.stringMatching(/slow\.png cannot be downloaded.*sends nothing/) });
  await impatient.close();
});

test('what waits for a thread, and what one works on, ends at once when it is aborted', async () => {
  const abort = new AbortController();
  const { signal } = abort;
  const small = { width: 28, height: 28 };
  const aborted = Promise.allSettled([
    pool.resize(noise(2000, 2000, 1), { width: 2800, height: 2800 }, { signal }),
    pool.resize(noise(60, 60, 1), small, { signal }),
  ]);
  const third = pool.resize(noise(60, 60, 1), small);
  let done = false;
  third.then(() => {
    done = true;
  });
  await new Promise((resolve) => setTimeout(resolve, 5));
  abort.abort();
  for (const result of await aborted) {
    expect(result).toMatchObject({ status: 'rejected', reason: expect.any(AbortError) });
  }
  expect(done).toBe(false); // the thread is at work still
  expect((await third).width).toBe(28);
});

test('downloads end when the pool is closed', async () => {
  const closed = createPreprocessPool({ threads: 1 });
  const slow = closed.image(`${origin}/slow.png`, { config });
  const refused = expect(slow).rejects.toThrow(RuntimeError);
  await closed.close();
  await refused;
  await expect(closed.image(`${origin}/rgb.png`, { config })).rejects.toThrow(/pool is closed/);
});
