import { decodeFloat16, roundToFloat16 } from '@vlmkit/core';
import { describe, expect, it } from 'vitest';
import { dequantizeRows } from '../testing/dequantize-rows.js';
import { quantizeRows } from './quantize-rows.js';

/** Repeatable numbers in 0..1. */
function uniform(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return (state + 0.5) / 2 ** 32;
  };
}

/** Weights like a trained layer's: normal, with a tail that grows with `tail`. */
function weights(count: number, { seed, tail }: { seed: number; tail: number }): Float32Array {
  const random = uniform(seed);
  return Float32Array.from({ length: count }, () => {
    const normal = Math.sqrt(-2 * Math.log(random())) * Math.cos(2 * Math.PI * random());
    return 0.02 * normal * (1 + tail * normal * normal);
  });
}

function squaredError(a: Float32Array, b: Float32Array): number {
  return a.reduce((sum, value, i) => sum + (value - (b[i] ?? 0)) ** 2, 0);
}

/** Squared errors of one block, weighted by the sizes of its weights and their mean. */
function weightedError(block: Float32Array, again: (value: number, i: number) => number): number {
  const mean = block.reduce((sum, value) => sum + Math.abs(value), 0) / block.length;
  return block.reduce((sum, value, i) => sum + (Math.abs(value) + mean) * (value - again(value, i)) ** 2, 0);
}

/** The rule of llama.cpp's Q4_0: the weight of the largest magnitude becomes -8. */
function roundTripQ4_0(values: Float32Array): Float32Array {
  const result = new Float32Array(values.length);
  for (let start = 0; start < values.length; start += 32) {
    const block = values.subarray(start, start + 32);
    const largest = block.reduce((best, value) => (Math.abs(value) > Math.abs(best) ? value : best), 0);
    const scale = largest / -8;
    const inverse = scale === 0 ? 0 : 1 / scale;
    block.forEach((value, i) => {
      const stored = Math.min(15, Math.floor(value * inverse + 8.5));
      result[start + i] = (stored - 8) * roundToFloat16(scale);
    });
  }
  return result;
}

/** The least error of one block over a fine grid of scales. */
function leastError(block: Float32Array): number {
  const size = block.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  let least = Number.POSITIVE_INFINITY;
  for (let target = -12; target <= 12; target += 0.01) {
    if (Math.abs(target) < 4) continue;
    const scale = size / target;
    least = Math.min(
      least,
      block.reduce(
        (sum, value) => sum + (value - scale * Math.min(Math.max(Math.round(value / scale), -8), 7)) ** 2,
        0,
      ),
    );
  }
  return least;
}

/** The least weighted error of one block over a fine grid of scales and all zeros. */
function leastErrorWithZero(block: Float32Array): number {
  const range = Math.max(0, ...block) - Math.min(0, ...block);
  let least = Number.POSITIVE_INFINITY;
  for (let stretch = 0.5; stretch <= 1.1; stretch += 0.005) {
    const scale = (range * stretch) / 15;
    for (let zero = 0; zero <= 15; zero++) {
      const again = (value: number) => scale * Math.min(Math.max(Math.round(value / scale), -zero), 15 - zero);
      least = Math.min(least, weightedError(block, again));
    }
  }
  return least;
}

const columns = 256;

describe('quantizeRows', () => {
  it('stores the earlier of two weights in the low bits, around 8', () => {
    const values = Float32Array.from({ length: 32 }, (_, i) => (i % 16) - 8);
    const { packed, scales } = quantizeRows({ values, columns: 32, blockSize: 32, bits: 4 });
    expect([...decodeFloat16(scales)]).toEqual([1]);
    expect([...packed.subarray(0, 8)]).toEqual([0x10, 0x32, 0x54, 0x76, 0x98, 0xba, 0xdc, 0xfe]);
  });

  it('stores zeros of their own like weights, every row from a byte of its own', () => {
    const rising = (from: number) => Float32Array.from({ length: 16 }, (_, i) => from + i);
    const values = Float32Array.from([0, -3, -15, -8, 0, -1].flatMap((from) => [...rising(from)]));
    const rows = quantizeRows({ values, columns: 48, blockSize: 16, bits: 4, zeros: true });
    expect([...decodeFloat16(rows.scales)]).toEqual([1, 1, 1, 1, 1, 1]);
    expect([...rows.zeros!]).toEqual([0x30, 0x0f, 0x08, 0x01]);
    for (let start = 0; start < 48; start += 8) {
      expect(rows.packed[start]).toBe(0x10);
      expect(rows.packed[start + 7]).toBe(0xfe);
    }
    expect(dequantizeRows(rows, 4, 2)).toEqual(values);
    expect(() => quantizeRows({ values, columns: 48, blockSize: 16, bits: 8, zeros: true })).toThrow(RangeError);
  });

  it.each([
    // Symmetric blocks use the range well where weights have no tail.
    [32, 0, 0.95],
    [32, 0.1, 0.85],
    [64, 0.1, 0.85],
  ])('saves error by zeros of their own (blocks of %i, tail %f)', (blockSize, tail, part) => {
    const values = weights(64 * columns, { seed: 17, tail });
    const error = (zeros: boolean) => {
      const again = dequantizeRows(quantizeRows({ values, columns, blockSize, bits: 4, zeros }), 4, 64);
      let total = 0;
      for (let start = 0; start < values.length; start += blockSize) {
        total += weightedError(values.subarray(start, start + blockSize), (_, i) => again[start + i]!);
      }
      return total;
    };
    expect(error(true)).toBeLessThan(part * error(false));
  });

  it('comes within 2 % of an exhaustive search with zeros, large weights counting more', () => {
    const values = weights(4 * columns, { seed: 11, tail: 0.2 });
    const again = dequantizeRows(quantizeRows({ values, columns, blockSize: 32, bits: 4, zeros: true }), 4, 4);
    let [ours, least] = [0, 0];
    for (let start = 0; start < values.length; start += 32) {
      const block = values.subarray(start, start + 32);
      ours += weightedError(block, (_, i) => again[start + i]!);
      least += leastErrorWithZero(block);
    }
    expect(ours).toBeLessThan(1.02 * least);
  });

  it('stores 8 bits around 128', () => {
    const values = Float32Array.from({ length: 32 }, (_, i) => (i === 0 ? -128 : i));
    const { packed, scales } = quantizeRows({ values, columns: 32, blockSize: 32, bits: 8 });
    expect([...decodeFloat16(scales)]).toEqual([1]);
    expect([...packed.subarray(0, 4)]).toEqual([0, 129, 130, 131]);
  });

  it.each([0, 0.1, 0.5])('has a lower error than Q4_0 at the same bits (tail %f)', (tail) => {
    const values = weights(64 * columns, { seed: 7, tail });
    const rows = quantizeRows({ values, columns, blockSize: 32, bits: 4 });
    expect(rows.packed.byteLength + rows.scales.byteLength).toBe((values.length / 32) * 18);
    const ours = squaredError(values, dequantizeRows(rows, 4));
    expect(ours).toBeLessThan(squaredError(values, roundTripQ4_0(values)));
  });

  it('saves a tenth of the error of Q4_0 on normal weights', () => {
    const values = weights(64 * columns, { seed: 9, tail: 0 });
    const ours = dequantizeRows(quantizeRows({ values, columns, blockSize: 32, bits: 4 }), 4);
    expect(squaredError(values, ours)).toBeLessThan(0.9 * squaredError(values, roundTripQ4_0(values)));
  });

  it('is never worse than Q4_0 in any block by more than the rounding of its scale', () => {
    const values = weights(64 * columns, { seed: 3, tail: 0.2 });
    const ours = dequantizeRows(quantizeRows({ values, columns, blockSize: 32, bits: 4 }), 4);
    const theirs = roundTripQ4_0(values);
    for (let start = 0; start < values.length; start += 32) {
      const cut = (array: Float32Array): Float32Array => array.subarray(start, start + 32);
      expect(squaredError(cut(values), cut(ours))).toBeLessThan(1.02 * squaredError(cut(values), cut(theirs)));
    }
  });

  it('comes within 1.5 % of an exhaustive search', () => {
    const values = weights(16 * columns, { seed: 11, tail: 0.2 });
    const ours = squaredError(values, dequantizeRows(quantizeRows({ values, columns, blockSize: 32, bits: 4 }), 4));
    let least = 0;
    for (let start = 0; start < values.length; start += 32) least += leastError(values.subarray(start, start + 32));
    expect(ours).toBeLessThan(1.015 * least);
  });

  it('keeps 8 bits within half a step', () => {
    const values = weights(16 * columns, { seed: 2, tail: 0.2 });
    const rows = quantizeRows({ values, columns, blockSize: 32, bits: 8 });
    const again = dequantizeRows(rows, 8);
    const scales = decodeFloat16(rows.scales);
    values.forEach((value, i) => {
      const step = Math.abs(scales[Math.floor(i / 32)] ?? 0);
      expect(Math.abs(value - (again[i] ?? 0))).toBeLessThanOrEqual(0.6 * step);
    });
  });

  it('keeps zeros, blocks of 16 and weights too small for a float16 scale', () => {
    const values = new Float32Array(64);
    values.fill(1e-9, 16, 32);
    values.fill(0.5, 32, 48);
    const ranged = dequantizeRows(quantizeRows({ values, columns: 32, blockSize: 16, bits: 4, zeros: true }), 4, 2);
    for (const [i, value] of values.entries()) expect(ranged[i]).toBeCloseTo(value, 3);
    const again = dequantizeRows(quantizeRows({ values, columns: 32, blockSize: 16, bits: 4 }), 4);
    expect([...again.subarray(0, 32)]).toEqual(Array.from({ length: 32 }, () => 0));
    for (const value of again.subarray(32, 48)) expect(value).toBeCloseTo(0.5, 3);
    expect([...again.subarray(48)]).toEqual(Array.from({ length: 16 }, () => 0));
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY, 1e9])('refuses %f', (bad) => {
    const values = new Float32Array(64);
    values[40] = bad;
    expect(() => quantizeRows({ values, columns: 32, blockSize: 32, bits: 4 })).toThrow(
      /weights 32 to 64 are not finite/,
    );
  });

  it('refuses rows that do not divide into blocks', () => {
    const values = new Float32Array(96);
    expect(() => quantizeRows({ values, columns: 48, blockSize: 32, bits: 4 })).toThrow(RangeError);
  });
});
