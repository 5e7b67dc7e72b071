import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { AbortError, MediaError } from '@vlmkit/core';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { fixture, fixtureBytes, sha256 } from '../../test-support/golden.js';
import { createSharpDecoder, type SharpDecoder } from './sharp-decoder.js';

interface Row {
  readonly file: string;
  readonly width: number;
  readonly height: number;
  /** Of the reference's pixels, where decoders must agree exactly. */
  readonly sha256?: string;
  /** A PNG of the reference's pixels, where they may differ a little. */
  readonly pixels?: string;
}

const decoder = createSharpDecoder();
const rows = fixture<readonly Row[]>('files.json');
const pathOf = (file: string) =>
  fileURLToPath(new URL(`../../../../fixtures/preprocess/files/${file}`, import.meta.url));

/** The error of a decoding that must fail with a MediaError. */
async function failure(decoding: Promise<unknown>): Promise<MediaError> {
  const error = await decoding.then(
    () => new Error('nothing was thrown'),
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(MediaError);
  return error as MediaError;
}

describe('pixels', () => {
  test.each(rows.filter((row) => row.sha256))('of $file equal Pillow bit for bit', async (row) => {
    const { width, height, data } = await decoder.decode(pathOf(row.file));
    expect({ width, height }).toEqual({ width: row.width, height: row.height });
    expect(sha256(data)).toBe(row.sha256);
  });

  test.each(rows.filter((row) => row.pixels))('of $file equal Pillow within 1', async ({ file, pixels = '' }) => {
    const [decoded, expected] = await Promise.all([decoder.decode(pathOf(file)), decoder.decode(pathOf(pixels))]);
    expect([decoded.width, decoded.height]).toEqual([expected.width, expected.height]);
    expect(decoded.data.every((value, i) => Math.abs(value - expected.data[i]!) <= 1)).toBe(true);
  });
});

describe('sources', () => {
  const expected = rows.find(({ file }) => file === 'rgb.png')?.sha256;
  const bytes = fixtureBytes('files/rgb.png');
  const base64 = Buffer.from(bytes).toString('base64');
  let server: Server;
  let origin: string;

  beforeAll(async () => {
    server = createServer((request, response) => {
      if (request.url === '/rgb.png') response.end(bytes);
      else if (request.url === '/stops') response.writeHead(200).write(bytes.subarray(0, 20));
      else if (request.url !== '/never') response.writeHead(404).end('gone');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });

  test.each<[string, () => Parameters<SharpDecoder['decode']>[0]]>([
    ['bytes', () => bytes],
    ['a part of a larger buffer', () => new Uint8Array([1, ...bytes, 2]).subarray(1, -1)],
    ['a path', () => pathOf('rgb.png')],
    ['a file URL', () => pathToFileURL(pathOf('rgb.png'))],
    ['a file URL as text', () => pathToFileURL(pathOf('rgb.png')).href],
    ['a data URL', () => `data:image/png;base64,${base64}`],
    ['a data URL with escapes', () => `data:image/png;base64,${encodeURIComponent(base64)}`],
    ['a data URL of escaped bytes', () => `data:image/png,${Buffer.from(bytes).toString('hex').replace(/../g, '%$&')}`],
    ['a download', () => `${origin}/rgb.png`],
  ])('%s', async (_, source) => {
    expect(sha256((await decoder.decode(source())).data)).toBe(expected);
  });

  test('that are missing are named, with the reason', async () => {
    expect((await failure(decoder.decode('no/such.png'))).message).toMatch(
      /^no\/such\.png cannot be read.*no such file/,
    );
    expect((await failure(decoder.decode(tmpdir()))).message).toMatch(/a folder/);
    expect((await failure(decoder.decode(`${origin}/absent.png`))).message).toMatch(/absent\.png .*404/);
    const closed = 'http://127.0.0.1:9/picture.png';
    expect((await failure(decoder.decode(closed))).message).toContain(`${closed} cannot be downloaded`);
    expect((await failure(decoder.decode('data:nonsense'))).message).toMatch(/data URL is malformed/);
  });

  test('that are too long are not read', async () => {
    const small = createSharpDecoder({ byteLimit: 100 });
    for (const source of [bytes, pathOf('rgb.png'), `${origin}/rgb.png`]) {
      expect((await failure(small.decode(source))).message).toMatch(/too large.*at most 100 bytes/);
    }
  });

  test.each(['never', 'stops'])('are given up when the server falls silent: %s', async (path) => {
    const impatient = createSharpDecoder({ downloadTimeoutMs: 40 });
    const { message } = await failure(impatient.decode(`${origin}/${path}`));
    expect(message).toMatch(/cannot be downloaded.*data at least every 0\.04 s.*sends nothing.*downloadTimeoutMs/);
  });

  test('are given up when the signal is aborted', async () => {
    const abort = new AbortController();
    const decoding = decoder.decode(`${origin}/never`, { signal: abort.signal });
    setTimeout(() => abort.abort(), 20);
    await expect(decoding).rejects.toBeInstanceOf(AbortError);
    await expect(decoder.decode(bytes, { signal: abort.signal })).rejects.toBeInstanceOf(AbortError);
  });
});

describe('bad files', () => {
  test.each(rows.map(({ file }) => file).filter((file) => file !== 'animated.gif'))(
    '%s cut in half is refused',
    async (name) => {
      const bytes = fixtureBytes(`files/${name}`);
      const { message } = await failure(decoder.decode(bytes.subarray(0, bytes.length / 2), { name }));
      expect(message).toMatch(
        new RegExp(`^${name.replaceAll('.', '\\.')} cannot be decoded.*cut off.*Expected.*Found`),
      );
    },
  );

  test.each<[string, Uint8Array | string, RegExp]>([
    ['nothing', new Uint8Array(0), /is empty.*0 bytes/],
    ['text', Buffer.from('hello there'), /not a picture.*JPEG, PNG, WebP, GIF, AVIF or TIFF.*Found text/],
    ['noise', Uint8Array.from([0, 1, 2, 3, 4, 5, 6, 7]), /unknown kind/],
    ['a web page', Buffer.from('<!DOCTYPE html><html></html>'), /a web page/],
    ['a drawing', Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>'), /an SVG drawing/],
    ['a document', Buffer.from('%PDF-1.7\n'), /a PDF document/],
    ['a video', Buffer.from('\0\0\0\x18ftypmp42\0\0\0\0mp42isom', 'latin1'), /a video .*Give it as a video/],
    ['a HEIC picture', Buffer.from('\0\0\0\x18ftypheic\0\0\0\0mif1heic', 'latin1'), /a HEIC picture/],
    ['a BMP picture', Buffer.from('BM\x46\0\0\0\0\0\0\0\x36\0\0\0', 'latin1'), /a BMP picture/],
    ['a picture by name only', Buffer.from('\x89PNG\r\n\x1a\n____', 'latin1'), /cannot be decoded/],
  ])('%s is refused', async (_, bytes, message) => {
    expect((await failure(decoder.decode(bytes, { name: 'upload' }))).message).toMatch(message);
  });

  test('a decompression bomb is refused by its header, with its size', async () => {
    const bomb = fixtureBytes('files/grey.jpg');
    const frameHeader = bomb.findIndex((byte, i) => byte === 0xff && bomb[i + 1] === 0xc0);
    new DataView(bomb.buffer).setUint32(frameHeader + 5, (14_000 << 16) | 14_000); // height and width
    const { message } = await failure(decoder.decode(bomb, { name: 'bomb.jpg' }));
    expect(message).toMatch(/^bomb\.jpg has too many pixels.*at most 178956970.*14000 x 14000/);
    const strict = createSharpDecoder({ pixelLimit: 961 });
    expect((await failure(strict.decode(pathOf('rgb.png')))).message).toMatch(/961.*37 x 26/);
    expect((await createSharpDecoder({ pixelLimit: 962 }).decode(pathOf('rgb.png'))).width).toBe(37);
  });
});

describe('animations', () => {
  test.each(['animated.gif', 'animated.webp'])('%s as frames with their times', async (file) => {
    const frames = await decoder.decodeFrames(pathOf(file));
    expect(frames.map(({ timestamp, duration }) => [timestamp, duration])).toEqual([
      [0, 0.1],
      [0.1, 0.25],
      [0.35, 0.04],
    ]);
    expect(sha256(frames[0]!.image.data)).toBe(sha256((await decoder.decode(pathOf(file))).data));
    const expected = fixture<Readonly<Record<string, readonly string[]>>>('animations.json')[file];
    expect(frames.map(({ image }) => sha256(image.data))).toEqual(expected);
  });

  test('only frames that are chosen', async () => {
    const all = await decoder.decodeFrames(pathOf('animated.webp'));
    const times: (readonly number[])[] = [];
    const chosen = await decoder.decodeFrames(pathOf('animated.webp'), {
      select: (timestamps) => {
        times.push(timestamps);
        return [1, 2, 2];
      },
    });
    expect(times).toEqual([[0, 0.1, 0.35]]);
    expect(chosen).toEqual([all[1], all[2], all[2]]);
    const tooFar = decoder.decodeFrames(pathOf('animated.webp'), { select: () => [3] });
    expect((await failure(tooFar)).message).toMatch(/from 0 to 2.*\[3\]/);
  });

  test('of more pixels than are decoded at once', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'vlmkit-'));
    try {
      const [width, height, count] = [1500, 1200, 12];
      const shades = Array.from({ length: count }, (_, i) => i * 20);
      const tall = Buffer.concat(shades.map((shade) => Buffer.alloc(width * height, shade)));
      const path = join(folder, 'long.gif');
      const raw = { width, height: height * count, channels: 1 as const, pageHeight: height };
      await writeFile(
        path,
        await sharp(tall, { raw })
          .gif({ delay: Array(count).fill(0) })
          .toBuffer(),
      );
      const frames = await decoder.decodeFrames(path);
      expect(frames.map(({ image }) => image.data[0])).toEqual(shades);
      expect(frames[3]!.timestamp).toBeCloseTo(0.3); // frames that state no time are shown for a tenth of a second
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  test('a still picture is one frame, upright', async () => {
    const frames = await decoder.decodeFrames(pathOf('orientation-6.jpg'));
    expect(frames).toEqual([{ image: await decoder.decode(pathOf('orientation-6.jpg')), timestamp: 0, duration: 0 }]);
  });
});
