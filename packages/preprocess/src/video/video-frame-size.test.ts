import { readFileSync } from 'node:fs';
import { MediaError } from '@vlmkit/core';
import { describe, expect, it } from 'vitest';
import type { FrameSizeOptions } from './sampling-options.js';
import { videoFrameSize } from './video-frame-size.js';

interface Case {
  readonly size: readonly [number, number];
  readonly options: Readonly<Record<string, number>>;
  readonly error?: string;
  readonly nframes: number;
  readonly resized: readonly [number, number];
}

const { cases }: { readonly cases: readonly Case[] } = JSON.parse(
  readFileSync(new URL('../../../../fixtures/video/sampling.json', import.meta.url), 'utf8'),
);

function optionsOf({ options }: Case): FrameSizeOptions {
  const given = {
    minPixels: options.min_pixels,
    maxPixels: options.max_pixels,
    totalPixels: options.total_pixels,
    resizedHeight: options.resized_height,
    resizedWidth: options.resized_width,
  };
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
}

const inputOf = ({ size: [width, height], nframes }: Case) => ({ width, height, frameCount: nframes, factor: 28 });

describe('videoFrameSize', () => {
  it('gives the sizes that qwen-vl-utils gives', () => {
    const sized = cases.filter((c) => c.error === undefined);
    expect(sized.length).toBeGreaterThan(300);
    for (const c of sized) {
      const { width, height } = videoFrameSize(inputOf(c), optionsOf(c));
      expect([width, height], JSON.stringify([c.size, c.nframes, c.options])).toEqual(c.resized);
    }
  });

  it('refuses a most below the least, as qwen-vl-utils does', () => {
    const refused = cases.filter((c) => c.error === 'AssertionError' && c.options.nframes === undefined);
    expect(refused.length).toBeGreaterThan(5);
    for (const c of refused)
      expect(() => videoFrameSize({ ...inputOf(c), frameCount: 4 }, optionsOf(c))).toThrow(MediaError);
  });

  it('explains half a size and numbers below 0', () => {
    const input = { width: 640, height: 480, frameCount: 8, factor: 28 };
    expect(() => videoFrameSize(input, { resizedHeight: 280 })).toThrow(/Only one of/);
    expect(() => videoFrameSize(input, { totalPixels: -1 })).toThrow(/totalPixels/);
    expect(() => videoFrameSize({ ...input, width: 10_000, height: 10 })).toThrow(MediaError);
  });
});
