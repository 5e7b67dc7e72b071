import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { AbortError, MediaError } from '@vlmkit/core';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import type { DecodedFrame, VideoHandle } from '../video/decoder.js';
import { indicesAtTimes } from '../video/frame-lookup.js';
import { createNodeVideoDecoder } from './node-video-decoder.js';

interface Golden {
  readonly size: readonly [number, number];
  readonly times: readonly number[];
  readonly frames: readonly string[];
}

const folder = fileURLToPath(new URL('../../../../fixtures/video/', import.meta.url));
const golden: Readonly<Record<string, Golden>> = JSON.parse(readFileSync(join(folder, 'frames.json'), 'utf8'));
const decoder = createNodeVideoDecoder();
const hash = ({ data }: DecodedFrame) => createHash('sha256').update(data).digest('hex');

async function collect(handle: VideoHandle, indices: readonly number[]): Promise<readonly DecodedFrame[]> {
  const frames: DecodedFrame[] = [];
  for await (const frame of handle.frames(indices)) frames.push(frame);
  return frames;
}

async function serve(answer: RequestListener): Promise<{ readonly origin: string; readonly close: () => void }> {
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const close = () => {
    server.closeAllConnections();
    server.close();
  };
  return { origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close };
}

const all = (count: number) => Array.from({ length: count }, (_, i) => i);

describe('createNodeVideoDecoder', () => {
  it.each(Object.entries(golden))('decodes %s to the frames of PyAV', async (name, expected) => {
    const handle = await decoder.open(join(folder, name));
    try {
      const { metadata, timestamps } = handle;
      expect([metadata.size.width, metadata.size.height]).toEqual(expected.size);
      expect(metadata.frameCount).toBe(expected.frames.length);
      expect([...timestamps].map((t) => t.toFixed(6))).toEqual(expected.times.map((t) => t.toFixed(6)));
      const frames = await collect(handle, all(metadata.frameCount));
      expect(frames.map(hash)).toEqual(expected.frames);
      expect(frames.every((f) => f.width === expected.size[0] && f.height === expected.size[1])).toBe(true);
    } finally {
      handle.close();
    }
  });

  it('decodes only the frames asked for, and repeats', async () => {
    const handle = await decoder.open(join(folder, 'h264.mp4'));
    const progress: (readonly [number, number])[] = [];
    const indices = [1, 7, 7, 14];
    const frames: DecodedFrame[] = [];
    for await (const frame of handle.frames(indices, { onProgress: (...step) => progress.push(step) }))
      frames.push(frame);
    expect(frames.map(hash)).toEqual(indices.map((i) => golden['h264.mp4']!.frames[i]));
    expect(frames.map(({ index }) => index)).toEqual(indices);
    expect(progress).toEqual([
      [1, 4],
      [2, 4],
      [3, 4],
      [4, 4],
    ]);
    handle.close();
  });

  it('finds frames of uneven duration by time', async () => {
    const handle = await decoder.open(join(folder, 'uneven.mp4'));
    const indices = indicesAtTimes(handle.timestamps, [-1, 0.039, 0.3, 0.373, 1, 99]);
    expect(indices).toEqual([0, 0, 1, 2, 7, 15]);
    const frames = await collect(handle, indices);
    expect(frames.map(hash)).toEqual(indices.map((i) => golden['uneven.mp4']!.frames[i]));
    expect(handle.metadata.constantRate).toBe(false);
    expect(handle.metadata.averageRate).toBeCloseTo(16 / handle.metadata.duration, 12);
    handle.close();
  });

  it.each([
    ['h264.mp4', 'avc', 12],
    ['h264-98x66-ntsc.mp4', 'avc', 30000 / 1001],
    ['vp9.webm', 'vp9', 30000 / 1001],
    ['av1.webm', 'av1', 12],
    ['hevc.mp4', 'hevc', 12],
  ])('knows the codec and the exact rate of %s', async (name, codec, rate) => {
    const handle = await decoder.open(join(folder, name));
    expect(handle.metadata.codec).toBe(codec);
    expect(handle.metadata.averageRate).toBe(rate);
    expect(handle.metadata.duration).toBeCloseTo(16 / rate, 9);
    handle.close();
  });

  it('turns frames as the file says', async () => {
    for (const rotation of [90, 180, 270]) {
      const handle = await decoder.open(join(folder, `turned-${rotation}.mov`));
      expect(handle.metadata.rotation).toBe(rotation);
      handle.close();
    }
  });

  it('reads bytes, file URLs and data URLs', async () => {
    const path = join(folder, 'vp9.webm');
    const dataUrl = `data:video/webm;base64,${readFileSync(path, 'base64')}`;
    for (const source of [new Uint8Array(readFileSync(path)), new URL(`file://${path}`), dataUrl]) {
      const handle = await decoder.open(source);
      expect((await collect(handle, [3])).map(hash)).toEqual([golden['vp9.webm']!.frames[3]]);
      handle.close();
    }
  });

  it('reads over HTTP by ranges', async () => {
    const bytes = readFileSync(join(folder, 'h264.mp4'));
    const server = createServer((request, response) => {
      const [, from = '0', to = ''] = /bytes=(\d+)-(\d*)/.exec(request.headers.range ?? '') ?? [];
      const end = Math.min(Number(to || bytes.length - 1), bytes.length - 1);
      response.writeHead(206, { 'Content-Range': `bytes ${from}-${end}/${bytes.length}` });
      response.end(bytes.subarray(Number(from), end + 1));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const handle = await decoder.open(`http://127.0.0.1:${port}/clip.mp4`);
    expect((await collect(handle, [8])).map(hash)).toEqual([golden['h264.mp4']!.frames[8]]);
    handle.close();
    server.close();
  });

  it.each(['gif', 'webp'] as const)('reads an animated %s by its own times', async (format) => {
    const colors = [0, 80, 160, 240];
    const pages = Buffer.concat(colors.map((value) => Buffer.alloc(16 * 8 * 3, value)));
    const raw = { width: 16, height: 8 * colors.length, channels: 3, pageHeight: 8 } as const;
    const delay = [100, 200, 300, 400];
    const image = sharp(pages, { raw });
    const file = await (format === 'gif' ? image.gif({ delay }) : image.webp({ delay, lossless: true })).toBuffer();
    const handle = await decoder.open(new Uint8Array(file));
    expect(handle.metadata).toMatchObject({
      frameCount: 4,
      duration: 1,
      averageRate: 4,
      size: { width: 16, height: 8 },
    });
    expect([...handle.timestamps]).toEqual([0, 0.1, 0.3, 0.6]);
    const frames = await collect(handle, [1, 3]);
    expect(frames.map(({ data, timestamp }) => [data[0], timestamp])).toEqual([
      [80, 0.1],
      [240, 0.6],
    ]);
  });

  it('reads an animation on a server as it does a file', async () => {
    const raw = { width: 16, height: 16, channels: 3, pageHeight: 8 } as const;
    const file = await sharp(Buffer.alloc(16 * 16 * 3).fill(200, 0, 16 * 8 * 3), { raw })
      .gif({ delay: [100, 100] })
      .toBuffer();
    const { origin, close } = await serve((_, response) => response.end(file));
    const handle = await decoder.open(`${origin}/clip`);
    expect(handle.metadata).toMatchObject({ codec: 'animation', frameCount: 2 });
    expect((await collect(handle, [0, 1])).map(({ data }) => data[0])).toEqual([200, 0]);
    close();
  });

  it('stops when aborted', async () => {
    const controller = new AbortController();
    const handle = await decoder.open(join(folder, 'h264.mp4'));
    let seen = 0;
    const run = async () => {
      for await (const _ of handle.frames(all(16), { signal: controller.signal })) {
        seen++;
        controller.abort();
      }
    };
    await expect(run()).rejects.toThrow(AbortError);
    expect(seen).toBe(1);
    await expect(decoder.open(join(folder, 'h264.mp4'), { signal: controller.signal })).rejects.toThrow(AbortError);
    handle.close();
  });

  it('refuses indices that are not there or out of order', async () => {
    const handle = await decoder.open(join(folder, 'h264.mp4'));
    expect(() => handle.frames([16])).toThrow(/no frame 16.*0 to 15/s);
    expect(() => handle.frames([5, 4])).toThrow(/out of order/);
    handle.close();
  });
});

describe('servers', () => {
  const head = readFileSync(join(folder, 'h264.mp4')).subarray(0, 1000);

  /** Gives the first bytes, and no more. */
  const stalling: RequestListener = (request, response) => {
    if (request.headers.range === 'bytes=0-63') response.writeHead(206).end(head.subarray(0, 64));
  };

  it('that cannot be reached are named', async () => {
    const closed = 'http://127.0.0.1:9/clip.mp4';
    await expect(decoder.open(closed)).rejects.toThrow(MediaError);
    await expect(decoder.open(closed)).rejects.toThrow(`${closed} cannot be downloaded`);
    const { origin, close } = await serve((_, response) => response.writeHead(404).end());
    await expect(decoder.open(`${origin}/clip.mp4`)).rejects.toThrow(/cannot be downloaded.*404/s);
    close();
  });

  it('that break off are asked three times at most', async () => {
    let asked = 0;
    const { origin, close } = await serve((request, response) => {
      if (request.headers.range === 'bytes=0-63') {
        stalling(request, response);
        return;
      }
      asked++;
      request.socket.destroy();
    });
    await expect(decoder.open(`${origin}/clip.mp4`)).rejects.toThrow(/cannot be read as a video/);
    expect(asked).toBe(3);
    close();
  });

  it('that fall silent are given up', async () => {
    const { origin, close } = await serve(stalling);
    const impatient = createNodeVideoDecoder({ downloadTimeoutMs: 100 });
    await expect(impatient.open(`${origin}/clip.mp4`)).rejects.toThrow(/cannot be read.*sends nothing/s);
    close();
  });

  it.each<[string, RequestListener]>([
    ['at the first byte', () => undefined],
    ['after the head', stalling],
    ['in the middle', (_, response) => response.writeHead(200).write(head)],
  ])('that fall silent %s are left when the signal is aborted', async (_, answer) => {
    const { origin, close } = await serve(answer);
    const abort = new AbortController();
    const opening = decoder.open(`${origin}/clip.mp4`, { signal: abort.signal });
    setTimeout(() => abort.abort(), 200);
    await expect(opening).rejects.toThrow(AbortError);
    close();
  });
});

describe('bad video files', () => {
  const intact = readFileSync(join(folder, 'h264.mp4'));

  it.each([
    ['an empty file', new Uint8Array(0), /empty.*again/],
    ['a text file', new TextEncoder().encode('This is not a video. '.repeat(50)), /Found text\. Give a video/],
    ['a word', new TextEncoder().encode('hello'), /as a video\. Expected .*MP4.*Found text/],
    [
      'a picture',
      readFileSync(join(folder, '../preprocess/files/rgb.png')),
      /Found a PNG picture\. Give it as a picture/,
    ],
    ['a few bytes', new Uint8Array(8), /Expected .*MP4.*Found no such container.*again/],
    ['a file without its end', new Uint8Array(intact.subarray(0, 1200)), /no video track.*cut off/],
    ['a codec that is not supported', new Uint8Array(readFileSync(join(folder, 'mpeg4.mp4'))), /mp4v.*ffmpeg/s],
  ])('explains %s', async (_, bytes, message) => {
    await expect(decoder.open(bytes)).rejects.toThrow(MediaError);
    await expect(decoder.open(bytes)).rejects.toThrow(message);
  });

  it('explains a missing file and a folder', async () => {
    await expect(decoder.open(join(folder, 'absent.mp4'))).rejects.toThrow(
      /absent\.mp4 cannot be read.*no such file.*path/,
    );
    await expect(decoder.open(folder)).rejects.toThrow(/not a file/);
    await expect(decoder.open('data:video/mp4;base64,*')).rejects.toThrow(/data URL/);
  });

  it('names the first frame that is damaged', async () => {
    const path = join(await mkdtemp(join(tmpdir(), 'vlmkit-')), 'damaged.webm');
    const bytes = readFileSync(join(folder, 'vp9.webm'));
    bytes.fill(0xff, bytes.length - 900, bytes.length - 200);
    await writeFile(path, bytes);
    const reading = decoder.open(path).then(async (handle) => {
      try {
        return await collect(handle, all(handle.metadata.frameCount));
      } finally {
        handle.close();
      }
    });
    await expect(reading).rejects.toThrow(MediaError);
  });
});
