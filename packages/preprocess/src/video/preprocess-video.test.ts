import { readFileSync } from 'node:fs';
import { AbortError, MediaError } from '@vlmkit/core';
import { describe, expect, it } from 'vitest';
import type { RgbImage } from '../rgb-image.js';
import { openAnimation } from './animation.js';
import { preprocessVideo, preprocessVideoFile } from './preprocess-video.js';

interface Case {
  readonly count: number;
  readonly width: number;
  readonly height: number;
  readonly sampleFps: number;
  readonly minPixels: number;
  readonly maxPixels: number;
  readonly resized: readonly [number, number];
  readonly grid: readonly [number, number, number];
  readonly secondsPerGrid: number;
  readonly stride: number;
  readonly values: readonly number[];
  readonly sum: number;
}

const cases: readonly Case[] = JSON.parse(
  readFileSync(new URL('../../../../fixtures/video/segments.json', import.meta.url), 'utf8'),
);

const config = {
  patchSize: 14,
  temporalPatchSize: 2,
  mergeSize: 2,
  mean: [0.48145466, 0.4578275, 0.40821073] as const,
  std: [0.26862954, 0.26130258, 0.27577711] as const,
};

/** The picture that the golden script draws. */
function draw(i: number, width: number, height: number): RgbImage {
  const data = new Uint8Array(width * height * 3);
  let to = 0;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      for (let c = 0; c < 3; c++) {
        data[to++] = (x * (3 + c) + y * (5 - c) + i * 41 + Math.floor((x * y) / 7)) % 256;
      }
    }
  }
  return { width, height, data };
}

const frames = (count: number, width: number, height: number) =>
  Array.from({ length: count }, (_, i) => draw(i, width, height));

describe('preprocessVideo', () => {
  it.each(cases)('makes of $count frames of $width x $height what the reference makes', async (c) => {
    const sequence = { count: c.count, frames: frames(c.count, c.width, c.height), sampleFps: c.sampleFps };
    const { segment } = await preprocessVideo(sequence, { config, minPixels: c.minPixels, maxPixels: c.maxPixels });
    expect(segment.kind).toBe('video');
    expect([segment.resized.width, segment.resized.height]).toEqual(c.resized);
    expect(segment.original).toEqual({ width: c.width, height: c.height });
    expect(segment.grid).toEqual(c.grid);
    expect(segment.secondsPerGrid).toBe(c.secondsPerGrid);
    const { data } = segment.patches;
    const sampled = Array.from({ length: c.values.length }, (_, i) => data[i * c.stride]!);
    const errors = sampled.map((value, i) => Math.abs(value - c.values[i]!));
    expect(Math.max(...errors)).toBeLessThan(1e-6);
    expect(data.reduce((sum, value) => sum + value, 0) / data.length).toBeCloseTo(c.sum / data.length, 6);
  });

  it('states the times of frames, evenly by rate or as given', async () => {
    const three = { count: 3, frames: frames(3, 56, 56), sampleFps: 4 };
    const { segment } = await preprocessVideo(three, { config });
    expect(segment.timestamps).toEqual([0, 0.25, 0.5]);
    expect(segment.grid[0]).toBe(2);
    const given = await preprocessVideo({ ...three, timestamps: [1, 2, 4] }, { config });
    expect(given.segment.timestamps).toEqual([1, 2, 4]);
    expect(given.segment.key).toBe(segment.key);
  });

  it('gives clips that differ in order different keys', async () => {
    const [a, b] = [draw(0, 56, 56), draw(1, 56, 56)];
    const forward = await preprocessVideo({ count: 2, frames: [a, b] }, { config });
    const backward = await preprocessVideo({ count: 2, frames: [b, a] }, { config });
    expect(forward.segment.key).not.toBe(backward.segment.key);
  });

  it('refuses a clip without frames, of a wrong count, or at a rate of 0', async () => {
    await expect(preprocessVideo({ count: 0, frames: [] }, { config })).rejects.toThrow(MediaError);
    await expect(preprocessVideo({ count: 3, frames: frames(2, 56, 56) }, { config })).rejects.toThrow(/Found 2/);
    const still = { count: 2, frames: frames(2, 56, 56), sampleFps: 0 };
    await expect(preprocessVideo(still, { config })).rejects.toThrow(/sampleFps/);
  });
});

describe('preprocessVideoFile', () => {
  const animation = (count: number, gap: number) =>
    openAnimation(async ({ select }) => {
      const all = frames(count, 56, 56).map((image, i) => ({ image, timestamp: i * gap, duration: gap }));
      return select ? select(all.map(({ timestamp }) => timestamp)).map((i) => all[i]!) : all;
    });

  it('samples an animation by its own times', async () => {
    const { segment, sample, frames: shown } = await preprocessVideoFile(await animation(20, 0.1), { config, fps: 4 });
    expect(sample.indices).toEqual([0, 3, 5, 8, 11, 14, 16, 19]);
    expect(segment.secondsPerGrid).toBeCloseTo(0.5, 12);
    expect(segment.timestamps!.map((t) => Number(t.toFixed(6)))).toEqual([0, 0.3, 0.5, 0.8, 1.1, 1.4, 1.6, 1.9]);
    expect(segment.grid).toEqual([4, 24, 24]);
    expect(shown.length).toBe(8);
  });

  it('samples down to the budget and says so', async () => {
    const { segment, sample } = await preprocessVideoFile(await animation(60, 0.1), {
      config,
      fps: 10,
      maxFrames: 8,
      minPixels: 4 * 784,
      totalPixels: 8 * 4 * 784,
    });
    expect(sample.requestedFrames).toBeCloseTo(60, 9);
    expect(segment.grid).toEqual([4, 4, 4]);
    expect(sample.sampleFps).toBeCloseTo(8 / 6, 12);
  });

  it('stops when aborted', async () => {
    const signal = { aborted: false };
    const running = preprocessVideoFile(await animation(20, 0.1), {
      config,
      signal,
      onProgress: () => {
        signal.aborted = true;
      },
    });
    await expect(running).rejects.toThrow(AbortError);
  });

  it('refuses a still picture', async () => {
    await expect(animation(1, 0)).rejects.toThrow(/as a picture/);
  });
});
