import { VideoSample } from 'mediabunny';
import { describe, expect, it } from 'vitest';
import { yuvCases } from '../../test-support/yuv-cases.js';
import { sampleToRgb } from './sample-to-rgb.js';

const cases = yuvCases();
const matrices: Readonly<Record<number, string>> = {
  1: 'bt709',
  5: 'bt470bg',
  6: 'smpte170m',
  9: 'bt2020-ncl',
};

/** The same samples with the chroma planes interleaved. */
function interleave(planar: Uint8Array, pixels: number): Uint8Array {
  const out = planar.slice();
  for (let i = 0; i < pixels / 4; i++) {
    out[pixels + 2 * i] = planar[pixels + i]!;
    out[pixels + 2 * i + 1] = planar[pixels * 1.25 + i]!;
  }
  return out;
}

describe('sampleToRgb', () => {
  it.each(
    cases.flatMap((c) => [
      { ...c, format: 'I420' as const },
      { ...c, format: 'NV12' as const },
    ]),
  )('equals FFmpeg on a sample of format $format: matrix $matrix, full range $fullRange', async (c) => {
    const planar = Uint8Array.from(Buffer.from(c.yuv, 'base64'));
    const sample = new VideoSample(c.format === 'I420' ? planar : interleave(planar, c.width * c.height), {
      format: c.format,
      codedWidth: c.width,
      codedHeight: c.height,
      timestamp: 0,
      // TypeScript's list of matrices lacks BT.2020's.
      colorSpace: { matrix: (matrices[c.matrix] ?? null) as VideoMatrixCoefficients | null, fullRange: c.fullRange },
    });
    const { width, height, data } = await sampleToRgb(sample, {
      matrix: matrices[c.matrix] ?? null,
      fullRange: c.fullRange,
    });
    sample.close();
    expect([width, height]).toEqual([c.width, c.height]);
    expect(Buffer.from(data).equals(Buffer.from(c.rgb, 'base64'))).toBe(true);
  });

  it('takes formats of other kinds as the platform converts them', async () => {
    const sample = new VideoSample(Uint8Array.of(1, 2, 3, 255, 4, 5, 6, 255), {
      format: 'RGBA',
      codedWidth: 2,
      codedHeight: 1,
      timestamp: 0,
    });
    expect((await sampleToRgb(sample, { matrix: null, fullRange: false })).data).toEqual(
      Uint8Array.of(1, 2, 3, 4, 5, 6),
    );
    sample.close();
  });
});
