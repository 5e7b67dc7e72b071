import { describe, expect, it } from 'vitest';
import { decimalOf, neighbourOf } from './decimal.js';

describe('decimalOf', () => {
  it.each<[number, string, string]>([
    [0, '0', ''],
    [-0, '0', ''],
    [0.5, '0', '5'],
    [-12.25, '12', '25'],
    [100, '100', ''],
    [1e-7, '0', '0000001'],
    [1.5e-7, '0', '00000015'],
    [1e21, '1000000000000000000000', ''],
    [1.25e21, '1250000000000000000000', ''],
    [Number.MIN_VALUE, '0', `${'0'.repeat(323)}5`],
  ])('writes %d without an exponent', (value, whole, fraction) => {
    expect(decimalOf(value)).toEqual({ whole, fraction });
  });

  it.each([Number.MAX_VALUE, Math.PI, 0.1 + 0.2, 123456.789e-12, 2 ** 70])('keeps the value of %d', (value) => {
    const { whole, fraction } = decimalOf(value);
    expect(Number(`${whole}.${fraction}`)).toBe(value);
  });
});

describe('neighbourOf', () => {
  it('leaves no number of 64 bits between', () => {
    expect(neighbourOf(1, 1)).toBe(1 + Number.EPSILON);
    expect(neighbourOf(1, -1)).toBe(1 - Number.EPSILON / 2);
    expect(neighbourOf(-1, 1)).toBe(Number.EPSILON / 2 - 1);
    expect(neighbourOf(0, 1)).toBe(Number.MIN_VALUE);
    expect(neighbourOf(-0, -1)).toBe(-Number.MIN_VALUE);
    expect(neighbourOf(Number.MIN_VALUE, -1)).toBe(0);
    expect(neighbourOf(Number.MAX_VALUE, 1)).toBe(Infinity);
    expect(neighbourOf(-Infinity, 1)).toBe(-Infinity);
  });
});
