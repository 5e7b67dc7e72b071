import { MediaError, PromptError } from '@vlmkit/core';
import { describe, expect, test } from 'vitest';
import { fixture } from '../test-support/golden.js';
import { type SmartResizeOptions, smartResize } from './smart-resize.js';

type Sides = readonly [height: number, width: number];
type Row = readonly [
  height: number,
  width: number,
  factor: number,
  minPixels: number,
  maxPixels: number,
  processor: Sides | null,
  utils: Sides | null,
];

const bounds = { factor: 28, minPixels: 3136, maxPixels: 12_845_056 };

function sides(options: SmartResizeOptions): Sides | null {
  try {
    const { height, width } = smartResize(options);
    return [height, width];
  } catch (error) {
    expect(error).toBeInstanceOf(MediaError);
    return null;
  }
}

describe('smartResize', () => {
  test('gives the sizes of the reference, by both rules', () => {
    for (const [height, width, factor, minPixels, maxPixels, processor, utils] of fixture<Row[]>('smart-resize.json')) {
      const options = { height, width, factor, minPixels, maxPixels };
      const input = `${height} x ${width} in ${minPixels}..${maxPixels}`;
      expect(sides({ ...options, rule: 'utils' }), input).toEqual(utils);
      // The processor's rule gives sides of 0 when the least area allows it: there a whole factor is taken instead.
      const least = processor && (processor.map((side) => Math.max(side, factor)) as unknown as Sides);
      expect(sides(options), input).toEqual(least);
    }
  });

  test('rounds halves to even', () => {
    expect(smartResize({ height: 70, width: 1078, ...bounds })).toEqual({ height: 56, width: 1064 });
    expect(smartResize({ height: 98, width: 1078, ...bounds })).toEqual({ height: 112, width: 1064 });
  });

  test('refuses sides that differ by more than 200 times, with the ratio', () => {
    expect(smartResize({ height: 1, width: 200, ...bounds }).height).toBe(28);
    expect(() => smartResize({ height: 1, width: 201, ...bounds })).toThrow(MediaError);
    expect(() => smartResize({ height: 10_050, width: 50, ...bounds })).toThrow(
      /50 x 10050 .* at most 200 .* 201 times/,
    );
  });

  test('refuses sizes and bounds that are not positive', () => {
    expect(() => smartResize({ height: 0, width: 10, ...bounds })).toThrow(PromptError);
    expect(() => smartResize({ height: 10, width: 10, ...bounds, minPixels: 0 })).toThrow(/minPixels/);
    expect(() => smartResize({ height: 10, width: 10, ...bounds, maxPixels: Number.NaN })).toThrow(/maxPixels/);
  });
});
