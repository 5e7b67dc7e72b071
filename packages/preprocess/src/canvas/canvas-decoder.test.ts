import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { AbortError, MediaError } from '@vlmkit/core';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { createCanvasDecoder } from './canvas-decoder.js';

// What comes before the browser's part: Node has no canvas.
describe('downloads', () => {
  let server: Server;
  let origin: string;

  beforeAll(async () => {
    server = createServer((request, response) => {
      if (request.url === '/stops') response.writeHead(200).write('begun');
      else if (request.url === '/short') response.end('a picture');
      else if (request.url === '/long') response.end(new Uint8Array(200));
      else if (request.url !== '/never') response.writeHead(404).end('gone');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });

  afterEach(() => {
    vi.unstubAllGlobals();
  });

  const decoder = createCanvasDecoder({ byteLimit: 100 });

  test('reach the browser whole, from servers, data URLs and object URLs', async () => {
    const opened: Blob[] = [];
    vi.stubGlobal('createImageBitmap', async (blob: Blob) => {
      opened.push(blob);
      throw new Error('no canvas here');
    });
    const object = URL.createObjectURL(new Blob(['a picture']));
    for (const url of [`${origin}/short`, 'data:image/png;base64,YSBwaWN0dXJl', object]) {
      await expect(decoder.decode(url)).rejects.toThrow(/cannot be decoded by this browser/);
      expect(await opened.pop()?.text()).toBe('a picture');
    }
    URL.revokeObjectURL(object);
  });

  test.each(['never', 'stops'])('are given up when the server falls silent: %s', async (path) => {
    const impatient = createCanvasDecoder({ downloadTimeoutMs: 40 });
    const failed = impatient.decode(new URL(path, origin));
    await expect(failed).rejects.toThrow(MediaError);
    await expect(failed).rejects.toThrow(/cannot be downloaded.*data at least every 0\.04 s.*sends nothing/);
  });

  test('that are too long are not read', async () => {
    await expect(decoder.decode(`${origin}/long`)).rejects.toThrow(/long is too large.*at most 100 bytes/);
  });

  test('that are not there are named, with what may be wrong in a browser', async () => {
    await expect(decoder.decode(`${origin}/absent`, { name: 'cat.png' })).rejects.toThrow(
      /^cat\.png cannot be downloaded.*404.*CORS/,
    );
  });

  test('are given up when the signal is aborted', async () => {
    const abort = new AbortController();
    const decoding = createCanvasDecoder().decode(`${origin}/never`, { signal: abort.signal });
    setTimeout(() => abort.abort(), 20);
    await expect(decoding).rejects.toBeInstanceOf(AbortError);
  });
});
