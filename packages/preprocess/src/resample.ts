import type { PixelSize } from '@vlmkit/core';
import { bicubicTaps, weightBits } from './filter-taps.js';
import type { RgbImage } from './rgb-image.js';

/*
 * Arrays that are written clip to 0..255 themselves, which is faster than doing so by hand. Sums never overflow 32 bits:
 * the filter's overshoot stays under a quarter.
 */

/** One half, in fixed point: what rounding adds before the fraction is cut off. */
const half = 1 << (weightBits - 1);

/** Resamples every row of a picture to `width` pixels. */
export function resampleHorizontally(image: RgbImage, width: number): RgbImage {
  const { width: inputWidth, height, data } = image;
  const { capacity, first, count, weights } = bicubicTaps(inputWidth, width);
  const out = new Uint8ClampedArray(width * height * 3);
  let to = 0;
  for (let y = 0; y < height; y++) {
    const row = y * inputWidth * 3;
    for (let x = 0; x < width; x++) {
      let from = row + first[x]! * 3;
      let tap = x * capacity;
      let left = count[x]!;
      let red = half;
      let green = half;
      let blue = half;
      // Four taps at a time: most pixels have four or five.
      for (; left >= 4; left -= 4) {
        const w0 = weights[tap]!;
        const w1 = weights[tap + 1]!;
        const w2 = weights[tap + 2]!;
        const w3 = weights[tap + 3]!;
        red += Math.imul(data[from]!, w0) + Math.imul(data[from + 3]!, w1);
        red = (red + Math.imul(data[from + 6]!, w2) + Math.imul(data[from + 9]!, w3)) | 0;
        green += Math.imul(data[from + 1]!, w0) + Math.imul(data[from + 4]!, w1);
        green = (green + Math.imul(data[from + 7]!, w2) + Math.imul(data[from + 10]!, w3)) | 0;
        blue += Math.imul(data[from + 2]!, w0) + Math.imul(data[from + 5]!, w1);
        blue = (blue + Math.imul(data[from + 8]!, w2) + Math.imul(data[from + 11]!, w3)) | 0;
        from += 12;
        tap += 4;
      }
      for (; left > 0; left--) {
        const weight = weights[tap++]!;
        red = (red + Math.imul(data[from]!, weight)) | 0;
        green = (green + Math.imul(data[from + 1]!, weight)) | 0;
        blue = (blue + Math.imul(data[from + 2]!, weight)) | 0;
        from += 3;
      }
      out[to] = red >> weightBits;
      out[to + 1] = green >> weightBits;
      out[to + 2] = blue >> weightBits;
      to += 3;
    }
  }
  return picture({ width, height }, out);
}

/** Resamples every column of a picture to `height` pixels. */
export function resampleVertically(image: RgbImage, height: number): RgbImage {
  const { width, height: inputHeight, data } = image;
  const { capacity, first, count, weights } = bicubicTaps(inputHeight, height);
  const length = width * 3;
  const out = new Uint8ClampedArray(length * height);
  const sums = new Int32Array(length).fill(half);
  const words = asWords(data, length);
  for (let y = 0; y < height; y++) {
    const taps = count[y]!;
    for (let tap = 0; tap < taps; tap += 4) {
      const start = (first[y]! + tap) * length;
      const rows = { data, start, length, weights: weights.subarray(y * capacity + tap, y * capacity + taps) };
      const target = { sums, out, outStart: y * length };
      if (tap + 4 < taps) addRows(rows, sums);
      else if (words) writeRowsByWord(words, rows, target);
      else writeRows(rows, target);
    }
    if (taps > 4) sums.fill(half);
  }
  return picture({ width, height }, out);
}

/** Up to four rows that lie one after another, and their weights. */
interface WeightedRows {
  readonly data: Uint8Array;
  /** Offset of the first row. */
  readonly start: number;
  /** Bytes of a row. */
  readonly length: number;
  /** Weights from the first row's on; there may be fewer than four. */
  readonly weights: Int32Array;
}

/** Offsets of the second to fourth row, and the weights of all four. */
type FourRows = readonly [r1: number, r2: number, r3: number, w0: number, w1: number, w2: number, w3: number];

/** Offsets and weights of exactly four rows: those beyond the last are the first again, with weight 0. */
function fourRows({ start, length, weights }: WeightedRows): FourRows {
  const offset = (row: number) => (row < weights.length ? start + row * length : start);
  const [w0 = 0, w1 = 0, w2 = 0, w3 = 0] = weights;
  return [offset(1), offset(2), offset(3), w0, w1, w2, w3];
}

function addRows(rows: WeightedRows, sums: Int32Array): void {
  const { data, start, length } = rows;
  const [r1, r2, r3, w0, w1, w2, w3] = fourRows(rows);
  for (let i = 0; i < length; i++) {
    const upper = Math.imul(data[start + i]!, w0) + Math.imul(data[r1 + i]!, w1);
    const lower = Math.imul(data[r2 + i]!, w2) + Math.imul(data[r3 + i]!, w3);
    sums[i] = sums[i]! + upper + lower;
  }
}

/** The row that sums become when the last rows are added. */
interface RowTarget {
  readonly sums: Int32Array;
  readonly out: Uint8ClampedArray;
  readonly outStart: number;
}

function writeRows(rows: WeightedRows, { sums, out, outStart }: RowTarget): void {
  const { data, start, length } = rows;
  const [r1, r2, r3, w0, w1, w2, w3] = fourRows(rows);
  for (let i = 0; i < length; i++) {
    const upper = Math.imul(data[start + i]!, w0) + Math.imul(data[r1 + i]!, w1);
    const lower = Math.imul(data[r2 + i]!, w2) + Math.imul(data[r3 + i]!, w3);
    out[outStart + i] = (sums[i]! + upper + lower) >> weightBits;
  }
}

/** The bytes as 32-bit words, where rows begin and end between words (as they do at every size that a model sees). */
function asWords(data: Uint8Array, rowLength: number): Uint32Array | undefined {
  if (data.byteOffset % 4 !== 0 || rowLength % 4 !== 0) return undefined;
  return new Uint32Array(data.buffer, data.byteOffset, data.length / 4);
}

/** {@link writeRows} for aligned rows: a third faster, as it reads four bytes at once. */
function writeRowsByWord(words: Uint32Array, rows: WeightedRows, { sums, out, outStart }: RowTarget): void {
  const start = rows.start / 4;
  const [r1, r2, r3, w0, w1, w2, w3] = fourRows({ ...rows, start, length: rows.length / 4 });
  const length = rows.length / 4;
  for (let i = 0; i < length; i++) {
    const a = words[start + i]!;
    const b = words[r1 + i]!;
    const c = words[r2 + i]!;
    const d = words[r3 + i]!;
    const at = i * 4;
    const to = outStart + at;
    const v0 = Math.imul(a & 255, w0) + Math.imul(b & 255, w1) + Math.imul(c & 255, w2) + Math.imul(d & 255, w3);
    out[to] = (sums[at]! + v0) >> weightBits;
    const v1 =
      Math.imul((a >>> 8) & 255, w0) +
      Math.imul((b >>> 8) & 255, w1) +
      Math.imul((c >>> 8) & 255, w2) +
      Math.imul((d >>> 8) & 255, w3);
    out[to + 1] = (sums[at + 1]! + v1) >> weightBits;
    const v2 =
      Math.imul((a >>> 16) & 255, w0) +
      Math.imul((b >>> 16) & 255, w1) +
      Math.imul((c >>> 16) & 255, w2) +
      Math.imul((d >>> 16) & 255, w3);
    out[to + 2] = (sums[at + 2]! + v2) >> weightBits;
    const v3 = Math.imul(a >>> 24, w0) + Math.imul(b >>> 24, w1) + Math.imul(c >>> 24, w2) + Math.imul(d >>> 24, w3);
    out[to + 3] = (sums[at + 3]! + v3) >> weightBits;
  }
}

function picture({ width, height }: PixelSize, pixels: Uint8ClampedArray<ArrayBuffer>): RgbImage {
  return { width, height, data: new Uint8Array(pixels.buffer) };
}
