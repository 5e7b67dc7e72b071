import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { AbortError, MediaError, PromptError, RuntimeError } from '@vlmkit/core';
import { afterAll, describe, expect, test } from 'vitest';
import { noise } from '../../test-support/golden.js';
import { publishedConfig as config } from '../../test-support/published-config.js';
import { preprocessImage } from '../preprocess-image.js';
import { resizeBicubic } from '../resize-bicubic.js';
import type { RgbImage } from '../rgb-image.js';
import { createSharpDecoder } from '../sharp/index.js';
import { type FrameWork, preprocessVideo } from '../video/preprocess-video.js';
import { createPreprocessPool } from './preprocess-pool.js';

const path = fileURLToPath(new URL('../../../../fixtures/preprocess/files/rgba.png', import.meta.url));
const pool = createPreprocessPool({ threads: 2 });
afterAll(() => pool.close());

describe('a pool', () => {
  test('gives what the functions give, in any number of jobs at once', async () => {
    const expected = preprocessImage(await createSharpDecoder().decode(path), { config });
    const segments = await Promise.all(Array.from({ length: 6 }, () => pool.image(path, { config })));
    for (const segment of segments) expect(segment).toEqual(expected);

    const picture = noise(90, 60, 1);
    const size = { width: 56, height: 28 };
    const resized = await pool.resize(picture, size);
    expect(resized).toEqual(resizeBicubic(picture, size));
    expect(picture.data.length).toBe(90 * 60 * 3); // copied, not taken away
    expect(await pool.decode(path)).toEqual(await createSharpDecoder().decode(path));
  });

  test('makes of a clip what this thread makes of it, and copies no frame', async () => {
    const images = Array.from({ length: 5 }, (_, i) => noise(90, 60, i));
    images.push(images[4]!); // as a decoder gives a frame that is shown twice
    const clip = (frames: readonly RgbImage[]) => ({ count: frames.length, frames });
    const options = { config, minPixels: 3136 };
    const expected = await preprocessVideo(clip(images), options);
    const given = structuredClone(images);
    const resized: RgbImage[] = [];
    const cut: RgbImage[] = [];
    const work: FrameWork = {
      async resize(frame, size) {
        const result = await pool.resize(frame, size, { handOver: true });
        resized.push(result);
        return result;
      },
      async cutClip(frames, options) {
        cut.push(...frames);
        return pool.cutClip(frames, options);
      },
    };
    expect(await preprocessVideo(clip(given), { ...options, work })).toEqual(expected);
    expect(resized.length).toBe(5);
    expect(cut.length).toBe(6);
    for (const frame of [...given, ...cut]) expect(frame.data.length).toBe(0);
  });

  test('passes on what is wrong with a clip, also while the next frame is decoded', async () => {
    const work: FrameWork = { resize: (frame, size) => pool.resize(frame, size), cutClip: pool.cutClip };
    async function* frames() {
      yield { ...noise(90, 60, 1), data: new Uint8Array(3) };
      await new Promise((resolve) => setTimeout(resolve, 50));
      yield noise(90, 60, 2);
    }
    const clip = preprocessVideo({ count: 2, frames: frames() }, { config, work });
    await expect(clip).rejects.toBeInstanceOf(MediaError);
  });

  test('passes errors on as what they were', async () => {
    const missing = await pool.image('absent.png', { config }).catch((error: unknown) => error);
    expect(missing).toBeInstanceOf(MediaError);
    expect(missing).toMatchObject({
      name: 'MediaError',
      actual: 'no such file',
      message: /^absent\.png cannot be read/,
    });
    await expect(pool.image(path, { config, resizedWidth: 28 })).rejects.toBeInstanceOf(PromptError);
    await expect(pool.image(path, { config, minPixels: -1 })).rejects.toThrow(/minPixels/);
    expect((await pool.image(path, { config })).grid).toEqual([1, 4, 6]);
  });

  test('leaves the event loop free', async () => {
    const large = noise(1200, 900, 4);
    let turns = 0;
    const timer = setInterval(() => turns++, 1);
    const working = pool.resize(large, { width: 1204, height: 896 });
    const before = turns;
    const resized = await working;
    expect(turns - before).toBeGreaterThan(5); // timers fire while a thread works: on this one none could
    clearInterval(timer);
    expect(resized.data.length).toBe(1204 * 896 * 3);
  });

  test('can be followed by another', async () => {
    for (let i = 0; i < 3; i++) {
      const next = createPreprocessPool({ threads: 1 });
      expect((await next.image(path, { config })).original).toEqual({ width: 37, height: 26 });
      await next.close();
    }
  });

  test('rejects what was aborted, waits or comes when it is closed', async () => {
    const abort = new AbortController();
    const aborted = pool.resize(noise(400, 400, 1), { width: 28, height: 28 }, { signal: abort.signal });
    abort.abort();
    await expect(aborted).rejects.toBeInstanceOf(AbortError);

    const small = createPreprocessPool({ threads: 1 });
    const jobs = Array.from({ length: 3 }, () => small.resize(noise(800, 800, 1), { width: 28, height: 28 }));
    const settled = Promise.allSettled(jobs);
    await small.close();
    for (const result of await settled) {
      expect(result).toMatchObject({ status: 'rejected', reason: expect.any(RuntimeError) });
    }
    await expect(small.image(path, { config })).rejects.toThrow(/closed/);
  });
});

test('a pool starts in a program that is given on the command line', async () => {
  const program = `
    import { createPreprocessPool } from '@vlmkit/preprocess/node';
    const picture = { width: 2, height: 2, data: new Uint8Array(12) };
    const { data } = await createPreprocessPool().resize(picture, { width: 3, height: 3 });
    console.log(data.length);`;
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', program]);
  expect(stdout).toBe('27\n');
});
