import { describe, expect, test } from 'vitest';
import { cmykToRgb, compositeOnWhite, dropAlpha } from './channels.js';

/** Every pair of a value and an alpha, with other values in the other channels. */
function everyPair() {
  const data = new Uint8Array(256 * 256 * 4);
  for (let i = 0; i < 256 * 256; i++) data.set([i & 255, 255 - (i & 255), 128, i >> 8], i * 4);
  return { width: 256, height: 256, data };
}

describe('channels', () => {
  test('compositing rounds to the nearest value for every colour and alpha', () => {
    const { data } = compositeOnWhite(everyPair());
    for (let i = 0; i < 256 * 256; i++) {
      const [value, alpha] = [i & 255, i >> 8];
      const exact = (value * alpha + 255 * (255 - alpha)) / 255;
      if (data[i * 3] !== Math.round(exact))
        expect([value, alpha, data[i * 3]]).toEqual([value, alpha, Math.round(exact)]);
    }
    expect([...data.subarray(0, 3)]).toEqual([255, 255, 255]);
    expect([...data.subarray(-3)]).toEqual([255, 0, 128]);
  });

  test('dropping alpha keeps the colours', () => {
    const data = Uint8ClampedArray.of(1, 2, 3, 0, 4, 5, 6, 255);
    expect(dropAlpha({ width: 2, height: 1, data }).data).toEqual(Uint8Array.of(1, 2, 3, 4, 5, 6));
  });

  test('ink takes light away, and black all of it', () => {
    const data = Uint8Array.of(0, 0, 0, 0, 255, 0, 0, 0, 0, 0, 0, 255, 128, 64, 0, 51);
    expect([...cmykToRgb({ width: 4, height: 1, data }).data]).toEqual([
      255, 255, 255, 0, 255, 255, 0, 0, 0, 102, 153, 204,
    ]);
  });
});
