import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { MediaError } from '@vlmkit/core';
import { describe, expect, it } from 'vitest';
import { evenlySpaced } from './linspace.js';
import { sampleFrames } from './sample-frames.js';
import type { FrameSamplingOptions } from './sampling-options.js';

interface Case {
  readonly frames: number;
  readonly rate: number;
  readonly size: readonly [number, number];
  readonly options: Readonly<Record<string, number>>;
  readonly error?: string;
  readonly nframes: number;
  readonly sample_fps: number;
  readonly digest: string;
  readonly indices?: readonly number[];
}

const golden: { readonly cases: readonly Case[]; readonly spans: readonly [number, number, string][] } = JSON.parse(
  readFileSync(new URL('../../../../fixtures/video/sampling.json', import.meta.url), 'utf8'),
);

const digest = (values: readonly number[]) => createHash('sha256').update(values.join(',')).digest('hex');

function optionsOf({ options }: Case): FrameSamplingOptions {
  const {
    fps,
    nframes,
    min_frames: minFrames,
    max_frames: maxFrames,
    video_start: videoStart,
    video_end: videoEnd,
  } = options;
  const given = Object.entries({ fps, nframes, minFrames, maxFrames, videoStart, videoEnd });
  return Object.fromEntries(given.filter(([, value]) => value !== undefined));
}

describe('sampleFrames', () => {
  // A refused size (AssertionError) is not a matter of sampling.
  const sampled = golden.cases.filter((c) => c.error === undefined);
  const refused = golden.cases.filter((c) => c.error === 'ValueError');

  it(`takes the frames that qwen-vl-utils takes, in ${sampled.length} cases`, () => {
    expect(sampled.length).toBeGreaterThan(300);
    for (const c of sampled) {
      const sample = sampleFrames({ frameCount: c.frames, averageRate: c.rate }, optionsOf(c));
      const name = JSON.stringify([c.frames, c.rate, c.options]);
      if (c.indices) expect(sample.indices, name).toEqual(c.indices);
      expect(sample.indices.length, name).toBe(c.nframes);
      expect(digest(sample.indices), name).toBe(c.digest);
      expect(sample.sampleFps, name).toBe(c.sample_fps);
    }
  });

  it('says of a single frame what to do with it', () => {
    for (const options of [{}, { nframes: 2 }, { maxFrames: 1 }, { videoStart: 0 }]) {
      expect(() => sampleFrames({ frameCount: 1, averageRate: 25 }, options)).toThrow(
        /^The video has a single frame.*at least 2 frames\. Found 1 frame\. Ask about the frame as a picture/,
      );
    }
  });

  it('refuses what qwen-vl-utils refuses', () => {
    expect(refused.length).toBeGreaterThan(40);
    for (const c of refused) {
      const name = JSON.stringify([c.frames, c.rate, c.options]);
      expect(() => sampleFrames({ frameCount: c.frames, averageRate: c.rate }, optionsOf(c)), name).toThrow(MediaError);
    }
  });

  it('says what was asked for when a video exceeds the budget', () => {
    const hour = sampleFrames({ frameCount: 90_000, averageRate: 25 }, {});
    expect(hour.requestedFrames).toBe(7200);
    expect(hour.indices.length).toBe(768);
    expect(hour.sampleFps).toBeCloseTo(768 / 3600, 12);
  });

  it('explains a range without frames and contradicting options', () => {
    const video = { frameCount: 100, averageRate: 25 };
    expect(() => sampleFrames(video, { videoStart: 3, videoEnd: 1 })).toThrow(/from 3 s to 1 s.*4\.00 s/s);
    expect(() => sampleFrames(video, { fps: 1, nframes: 4 })).toThrow(/Both fps and nframes/);
    expect(() => sampleFrames(video, { nframes: 102 })).toThrow(/from 2 to 100.*nframes 102/s);
    expect(() => sampleFrames(video, { fps: Number.NaN })).toThrow(MediaError);
    expect(() => sampleFrames({ frameCount: 1, averageRate: 25 }, {})).toThrow(/as a picture/);
  });
});

describe('evenlySpaced', () => {
  it(`rounds as torch.linspace does for every even count over ${golden.spans.length} spans`, () => {
    for (const [first, last, expected] of golden.spans) {
      const rows: number[] = [];
      const most = Math.min(last - first + 1, 768);
      for (let count = 2; count <= most; count += 2) rows.push(...evenlySpaced(first, last, count));
      expect(digest(rows), `${first}..${last}`).toBe(expected);
    }
  });
});
