import { describe, expect, it } from 'vitest';
import { decodeBfloat16, decodeFloat16, decodeFloats, encodeFloat16, roundToFloat16 } from './floats.js';

const every = Uint16Array.from({ length: 65_536 }, (_, bits) => bits);
const isNan = (bits: number): boolean => (bits & 0x7fff) > 0x7c00;
const finite = every.filter((bits) => bits < 0x7c00);

describe('float16', () => {
  it('decodes known patterns', () => {
    const patterns = Uint16Array.of(0x3c00, 0xc000, 0x7bff, 0x0001, 0x0400, 0x3555, 0x7c00, 0xfc00, 0x8000);
    expect([...decodeFloat16(patterns)]).toEqual([
      1,
      -2,
      65_504,
      2 ** -24,
      2 ** -14,
      0.333251953125,
      Number.POSITIVE_INFINITY,
      Number.NEGATIVE_INFINITY,
      -0,
    ]);
    expect(decodeFloat16(Uint16Array.of(0x7e00))[0]).toBeNaN();
  });

  it('encodes every value that it decodes back to its pattern', () => {
    const again = encodeFloat16(decodeFloat16(every));
    const wrong = every.filter((bits) => !isNan(bits) && again[bits] !== bits);
    expect([...wrong]).toEqual([]);
    expect(every.filter(isNan).every((bits) => isNan(again[bits] ?? 0))).toBe(true);
  });

  it('rounds to the nearest, and halfway to the even pattern', () => {
    const values = decodeFloat16(finite);
    const middles = Float32Array.from(values.subarray(1), (upper, i) => (upper + (values[i] ?? 0)) / 2);
    const nudge = 1 + 2 ** -20;
    expect(encodeFloat16(middles)).toEqual(Uint16Array.from(middles, (_, i) => i + (i % 2)));
    expect(encodeFloat16(middles.map((middle) => middle * nudge))).toEqual(Uint16Array.from(middles, (_, i) => i + 1));
    expect(encodeFloat16(middles.map((middle) => middle / nudge))).toEqual(Uint16Array.from(middles, (_, i) => i));
  });

  it('overflows to infinity from halfway past the largest', () => {
    expect([...encodeFloat16(Float32Array.of(65_519, 65_520, -1e9))]).toEqual([0x7bff, 0x7c00, 0xfc00]);
  });

  it('rounds single numbers as it encodes arrays', () => {
    const middles = [...decodeFloat16(finite)].flatMap((value) => [value * 1.0001, -value * 0.9997, value * 1.00049]);
    const rounded = middles.map((value) => roundToFloat16(Math.fround(value)));
    const encoded = decodeFloat16(encodeFloat16(Float32Array.from(middles)));
    expect(rounded.every((value, i) => value === encoded[i])).toBe(true);
    expect(roundToFloat16(1e6)).toBe(Number.POSITIVE_INFINITY);
    expect(roundToFloat16(Number.NaN)).toBeNaN();
  });
});

describe('bfloat16', () => {
  it('is the upper half of float32', () => {
    expect([...decodeBfloat16(Uint16Array.of(0x3f80, 0xc049, 0x0001))]).toEqual([1, -3.140625, 2 ** -133]);
    expect(decodeFloats('bfloat16', Uint16Array.of(0x3f80))).toEqual(Float32Array.of(1));
    expect(decodeFloats('float16', Uint16Array.of(0x3c00))).toEqual(Float32Array.of(1));
  });
});
