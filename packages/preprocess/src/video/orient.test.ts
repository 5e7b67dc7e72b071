import { describe, expect, it } from 'vitest';
import { orientRgb } from './orient.js';

/** A picture whose pixels are named by one letter each, given row by row. */
function picture(...rows: readonly string[]) {
  const letters = [...rows.join('')];
  const data = Uint8Array.from(letters.flatMap((letter) => [letter.charCodeAt(0), 0, 255]));
  return { width: rows[0]!.length, height: rows.length, data };
}

describe('orientRgb', () => {
  it.each([
    [0, false, ['abc', 'def']],
    [90, false, ['da', 'eb', 'fc']],
    [180, false, ['fed', 'cba']],
    [270, false, ['cf', 'be', 'ad']],
    [0, true, ['cba', 'fed']],
    [90, true, ['ad', 'be', 'cf']],
  ] as const)('turns by %d degrees clockwise, mirrored: %s', (rotation, flip, rows) => {
    expect(orientRgb(picture('abc', 'def'), { rotation, flip })).toEqual(picture(...rows));
  });
});
