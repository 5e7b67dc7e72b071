import type { GridThw } from '@vlmkit/core';
import { describe, expect, it } from 'vitest';
import { planPages } from './page-layout.js';

const sizes = { patchSize: 14, spatialMergeSize: 2 };
const windowed = { ...sizes, window: { windowSize: 112, fullAttentionBlocks: [] } };

/** Frame, row and column of every patch, in merge order, counted by hand. */
function locate(grids: readonly GridThw[]): { frame: number; y: number; x: number }[] {
  let frames = 0;
  return grids.flatMap(([t, h, w]) => {
    const patches = Array.from({ length: t * h * w }, (_, i) => {
      const unit = Math.floor((i % (h * w)) / 4);
      const y = 2 * Math.floor(unit / (w / 2)) + Math.floor((i % 4) / 2);
      const x = 2 * (unit % (w / 2)) + (i % 2);
      return { frame: frames + Math.floor(i / (h * w)), y, x };
    });
    frames += t;
    return patches;
  });
}

/** The patches of every window, read back from a layout. */
function windowsOf(layout: ReturnType<typeof planPages>): number[][] {
  const [pages = 0, pageRows = 0] = layout.rows.dims;
  const windows: number[][] = [];
  for (let page = 0; page < pages; page++) {
    const count = Number(layout.windows.data[2 * page]);
    const size = Number(layout.windows.data[2 * page + 1]);
    for (let i = 0; i < count; i++) {
      const start = page * pageRows + i * size;
      windows.push([...layout.rows.data.subarray(start, start + size)]);
    }
  }
  return windows;
}

const cases: readonly (readonly GridThw[])[] = [
  [[1, 32, 32]],
  [[1, 10, 14]],
  [[1, 2, 2]],
  [[1, 2, 200]],
  [[5, 18, 6]],
  [
    [1, 10, 14],
    [3, 4, 12],
    [1, 16, 16],
  ],
];

describe('planPages', () => {
  it.each(cases.map((grids) => ({ grids })))(
    'deals every patch of $grids to the window that it lies in',
    ({ grids }) => {
      const where = locate(grids);
      for (const pageRows of [1, 100, 4096]) {
        const layout = planPages({ config: windowed, grids, pageRows });
        const windows = windowsOf(layout);
        expect(windows.flat().toSorted((a, b) => a - b)).toEqual(where.map((_, i) => i));
        const keys = windows.map((patches) => {
          const inWindow = new Set(patches.map((p) => `${where[p]!.frame}:${where[p]!.y >> 3}:${where[p]!.x >> 3}`));
          expect(inWindow.size).toBe(1);
          return [...inWindow][0];
        });
        expect(new Set(keys).size).toBe(windows.length);
      }
    },
  );

  it('says where every patch went', () => {
    const { rows, places } = planPages({ config: windowed, grids: [[2, 10, 14]], pageRows: 128 });
    expect([...places.data].map((place) => rows.data[place])).toEqual(Array.from({ length: 280 }, (_, i) => i));
  });

  it('keeps pages within the rows asked for, and evenly filled', () => {
    const { rows, windows } = planPages({ config: windowed, grids: [[1, 40, 32]], pageRows: 1024 });
    // 20 windows of 64 patches: two pages of 10 rather than one of 16 and one of 4.
    expect(rows.dims).toEqual([2, 640]);
    expect([...windows.data].map(Number)).toEqual([10, 64, 10, 64]);
  });

  it('takes rows as they come when there are no windows', () => {
    const { rows, windows } = planPages({ config: sizes, grids: [[1, 4, 6]], pageRows: 16 });
    expect([...rows.data]).toEqual(Array.from({ length: 24 }, (_, i) => i));
    expect([...windows.data].map(Number)).toEqual([12, 1, 12, 1]);
  });

  it('joins neighbouring frames of one size', () => {
    const grids: GridThw[] = [
      [1, 4, 6],
      [3, 2, 12],
      [1, 2, 2],
    ];
    const { frames } = planPages({ config: sizes, grids, pageRows: 16 });
    expect([...frames.data].map(Number)).toEqual([0, 4, 24, 96, 1, 4]);
  });

  it.each([[[1, 3, 4]], [[1, 4, 5]], [[0, 4, 4]]] as [GridThw][])('refuses the grid %j', (grid) => {
    expect(() => planPages({ config: windowed, grids: [grid], pageRows: 64 })).toThrow(/grid cannot be merged/);
  });
});
