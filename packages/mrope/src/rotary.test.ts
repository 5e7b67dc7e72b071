import { readFileSync } from 'node:fs';
import { ConfigError, type GridThw, int64, MediaError } from '@vlmkit/core';
import { describe, expect, it } from 'vitest';
import { inverseFrequencies, rotaryTables, visionPositions, visionRotaryTables } from './index.js';

interface Packed {
  readonly cos: string;
  readonly sin: string;
  readonly headDim: number;
}

interface TextCase extends Packed {
  readonly ropeTheta: number;
  readonly mropeSection: readonly number[];
  readonly positions: readonly (readonly number[])[];
}

interface VisionCase extends Packed {
  readonly grid: GridThw;
  readonly spatialMergeSize: number;
  readonly positions: readonly (readonly number[])[];
}

const golden = JSON.parse(readFileSync(new URL('../../../fixtures/mrope/rotary.json', import.meta.url), 'utf8')) as {
  readonly text: readonly TextCase[];
  readonly vision: readonly VisionCase[];
};

function unpack(text: string): Float32Array {
  return new Float32Array(Uint8Array.from(Buffer.from(text, 'base64')).buffer);
}

function largestDifference(actual: Float32Array, expected: Float32Array): number {
  expect(actual.length).toBe(expected.length);
  return actual.reduce((worst, value, i) => Math.max(worst, Math.abs(value - expected[i]!)), 0);
}

describe('rotaryTables', () => {
  it.each(golden.text)('equals the reference for heads of $headDim, theta $ropeTheta', (entry) => {
    const positions = int64([3, entry.positions[0]!.length], entry.positions.flat());
    const { cos, sin } = rotaryTables({ ...entry, positions });
    expect(cos.dims).toEqual([entry.positions[0]!.length, entry.headDim / 2]);
    expect(largestDifference(cos.data, unpack(entry.cos))).toBeLessThan(1e-6);
    expect(largestDifference(sin.data, unpack(entry.sin))).toBeLessThan(1e-6);
  });

  it('is ordinary rotary embedding where the axes agree', () => {
    const row = [0, 1, 5, 900];
    const options = { headDim: 16, ropeTheta: 1e6 };
    const flat = rotaryTables({ ...options, positions: int64([4], row) });
    const three = int64([3, 4], [...row, ...row, ...row]);
    expect(rotaryTables({ ...options, positions: three, mropeSection: [2, 3, 3] })).toEqual(flat);
    expect(rotaryTables({ ...options, positions: three })).toEqual(flat);
  });

  it('rejects sections that do not fill the head, odd heads and other shapes', () => {
    const positions = int64([3, 1], [0, 0, 0]);
    expect(() => rotaryTables({ positions, headDim: 16, ropeTheta: 1e6, mropeSection: [2, 3, 4] })).toThrow(
      ConfigError,
    );
    expect(() => inverseFrequencies(7, 1e6)).toThrow(ConfigError);
    expect(() => inverseFrequencies(8, 0)).toThrow(ConfigError);
    expect(() => rotaryTables({ positions: int64([2, 1], [0, 0]), headDim: 16, ropeTheta: 1e6 })).toThrow(ConfigError);
  });
});

describe('visionRotaryTables', () => {
  it.each(golden.vision)('equals the reference on grid $grid', (entry) => {
    const { cos, sin } = visionRotaryTables(entry);
    expect(cos.dims).toEqual([entry.positions.length, entry.headDim / 2]);
    expect(largestDifference(cos.data, unpack(entry.cos))).toBeLessThan(1e-6);
    expect(largestDifference(sin.data, unpack(entry.sin))).toBeLessThan(1e-6);
    expect(Array.from(visionPositions(entry).data)).toEqual(entry.positions.flat());
  });

  it('rejects heads that cannot hold two axes and grids that do not merge', () => {
    expect(() => visionRotaryTables({ grid: [1, 2, 2], spatialMergeSize: 2, headDim: 6 })).toThrow(ConfigError);
    expect(() => visionRotaryTables({ grid: [1, 2, 3], spatialMergeSize: 2, headDim: 8 })).toThrow(MediaError);
  });
});
