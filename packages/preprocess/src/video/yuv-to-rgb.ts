import type { PixelSize } from '@vlmkit/core';

/** One plane of samples inside a buffer. */
export interface Plane {
  readonly data: Uint8Array;
  /** Position of the first sample. */
  readonly offset: number;
  /** Bytes from one row to the next. */
  readonly stride: number;
  /** Bytes from one sample to the next: 1 when planar, 2 when two chroma planes are interleaved. */
  readonly step: number;
}

/** An 8-bit picture with one pair of chroma samples for every 2 x 2 pixels. */
export interface Yuv420Picture extends PixelSize {
  readonly y: Plane;
  readonly u: Plane;
  readonly v: Plane;
}

/** How the samples stand for colours. */
export interface YuvColor {
  /** Matrix coefficients, by the names that WebCodecs uses; null when the file names none. */
  readonly matrix: string | null;
  /** Samples use all of 0..255 rather than 16..235. */
  readonly fullRange: boolean;
}

/** FFmpeg's inverse matrices times 65536 * 255 / 224: red from v, blue from u, green from u, green from v. */
const matrices: Readonly<Record<string, readonly [number, number, number, number]>> = {
  bt709: [117489, 138438, 13975, 34925],
  'bt2020-ncl': [110013, 140363, 12277, 42626],
};
/** BT.601, which FFmpeg also takes where a file names no matrix. */
const bt601 = [104597, 132201, 25675, 53279] as const;

/**
 * Converts to RGB [height, width, 3] with the arithmetic of FFmpeg's SIMD path, so that the result equals PyAV's and
 * decord's on 8-bit 4:2:0 video: samples times 8 (13-bit fractions), products cut to their upper 16 bits, chroma
 * repeated over its 2 x 2 pixels.
 */
export function yuv420ToRgb(picture: Yuv420Picture, color: YuvColor): Uint8Array {
  const { width, height, y, u, v } = picture;
  const coefficients = fixedPoint(color);
  const luma = Int16Array.from({ length: 256 }, (_, value) =>
    upperHalf((value << 3) - coefficients.lumaOffset, coefficients.luma),
  );
  const chroma = (coefficient: number) =>
    Int16Array.from({ length: 256 }, (_, value) => upperHalf((value - 128) << 3, coefficient));
  const redV = chroma(coefficients.redV);
  const blueU = chroma(coefficients.blueU);
  const greenU = chroma(coefficients.greenU);
  const greenV = chroma(coefficients.greenV);
  const out = new Uint8ClampedArray(width * height * 3);
  let to = 0;
  for (let row = 0; row < height; row++) {
    const yRow = y.offset + row * y.stride;
    const uRow = u.offset + (row >> 1) * u.stride;
    const vRow = v.offset + (row >> 1) * v.stride;
    for (let column = 0; column < width; column++) {
      const light = luma[y.data[yRow + column * y.step]!]!;
      const blueness = u.data[uRow + (column >> 1) * u.step]!;
      const redness = v.data[vRow + (column >> 1) * v.step]!;
      out[to++] = light + redV[redness]!;
      out[to++] = light + greenU[blueness]! + greenV[redness]!;
      out[to++] = light + blueU[blueness]!;
    }
  }
  return new Uint8Array(out.buffer);
}

/** The signed upper 16 bits of a product of two 16-bit numbers. */
function upperHalf(a: number, b: number): number {
  return (a * b) >> 16;
}

function fixedPoint({ matrix, fullRange }: YuvColor) {
  const table = (matrix !== null && matrices[matrix]) || bt601;
  // Chroma spans 224 levels in limited range; the tables assume that.
  const [redV, blueU, greenU, greenV] = table.map((value) => (fullRange ? Math.trunc((value * 224) / 255) : value)) as [
    number,
    number,
    number,
    number,
  ];
  const scale = (value: number) => Math.floor(value / 8 + 0.5);
  return {
    luma: scale(fullRange ? 65536 : Math.trunc((65536 * 255) / 219)),
    lumaOffset: fullRange ? 0 : 16 << 3,
    redV: scale(redV),
    blueU: scale(blueU),
    greenU: scale(-greenU),
    greenV: scale(-greenV),
  };
}
