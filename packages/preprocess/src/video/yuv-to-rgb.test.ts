import { describe, expect, it } from 'vitest';
import { yuvCases } from '../../test-support/yuv-cases.js';
import { yuv420ToRgb } from './yuv-to-rgb.js';

const cases = yuvCases();
const names: Readonly<Record<number, string | null>> = {
  1: 'bt709',
  2: null,
  5: 'bt470bg',
  6: 'smpte170m',
  9: 'bt2020-ncl',
};

describe('yuv420ToRgb', () => {
  it.each(cases)('equals FFmpeg on noise: matrix $matrix, full range $fullRange', (c) => {
    const { width, height, fullRange } = c;
    const data = Uint8Array.from(Buffer.from(c.yuv, 'base64'));
    const pixels = width * height;
    const half = width / 2;
    const rgb = yuv420ToRgb(
      {
        width,
        height,
        y: { data, offset: 0, stride: width, step: 1 },
        u: { data, offset: pixels, stride: half, step: 1 },
        v: { data, offset: pixels * 1.25, stride: half, step: 1 },
      },
      { matrix: names[c.matrix]!, fullRange },
    );
    expect(Buffer.from(rgb).equals(Buffer.from(c.rgb, 'base64'))).toBe(true);
  });

  it('reads interleaved chroma and an odd size', () => {
    const y = { data: Uint8Array.of(16, 235, 235, 16, 16, 235, 99, 99, 99), offset: 0, stride: 3, step: 1 };
    const interleaved = Uint8Array.of(128, 128, 90, 240, 128, 128, 128, 128);
    const planar = Uint8Array.of(128, 90, 128, 128, 128, 240, 128, 128);
    const color = { matrix: null, fullRange: false };
    const nv12 = {
      u: { data: interleaved, offset: 0, stride: 4, step: 2 },
      v: { data: interleaved, offset: 1, stride: 4, step: 2 },
    };
    const i420 = {
      u: { data: planar, offset: 0, stride: 2, step: 1 },
      v: { data: planar, offset: 4, stride: 2, step: 1 },
    };
    const rgb = yuv420ToRgb({ width: 3, height: 3, y, ...nv12 }, color);
    expect(rgb).toEqual(yuv420ToRgb({ width: 3, height: 3, y, ...i420 }, color));
    expect([...rgb.subarray(0, 6)]).toEqual([0, 0, 0, 255, 255, 255]);
  });
});
