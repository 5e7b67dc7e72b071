import { ConfigError, type GridThw, MediaError } from '@vlmkit/core';
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
  const [, pageRows = 0] = layout.rows.dims;
  const triples = ({ data }: { readonly data: BigInt64Array }) =>
    Array.from({ length: data.length / 3 }, (_, i) => [...data.subarray(3 * i, 3 * i + 3)].map(Number));
  const runs = triples(layout.windows);
  return triples(layout.pages).flatMap(([length, first, count], page) => {
    let filled = 0;
    const windows = runs.slice(first, first! + count!).flatMap(([row, number, size]) => {
      expect(row).toBe(filled);
      filled += number! * size!;
      return Array.from({ length: number! }, (_, i) => {
        const start = page * pageRows + row! + i * size!;
        return [...layout.rows.data.subarray(start, start + size!)];
      });
    });
    expect(filled).toBe(length);
    return windows;
  });
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
    const { rows, pages, windows } = planPages({ config: windowed, grids: [[1, 40, 32]], pageRows: 1024 });
    // 20 windows of 64 patches: two pages of 10 rather than one of 16 and one of 4.
    expect(rows.dims).toEqual([2, 640]);
    expect([...pages.data].map(Number)).toEqual([640, 0, 1, 640, 1, 1]);
    expect([...windows.data].map(Number)).toEqual([0, 10, 64, 0, 10, 64]);
  });

  it('gives the windows that the edge cuts a place beside the others', () => {
    const { pages, windows } = planPages({ config: windowed, grids: [[1, 12, 10]], pageRows: 512 });
    expect([...pages.data].map(Number)).toEqual([120, 0, 4]);
    expect([...windows.data].map(Number)).toEqual([0, 1, 64, 64, 1, 32, 96, 1, 16, 112, 1, 8]);
  });

  it.each([1, 2, 3, 5, 8])('needs no more pages than %i times the rows ask for', (factor) => {
    for (const [h, w] of [
      [54, 74],
      [30, 34],
      [128, 22],
    ] as const) {
      const { rows } = planPages({ config: windowed, grids: [[1, h, w]], pageRows: 256 * factor });
      expect(rows.dims[1]).toBeLessThanOrEqual(256 * factor);
      // A window that does not fit at a page's end may cost one page more.
      expect(rows.dims[0]).toBeLessThanOrEqual(Math.ceil((h * w) / (256 * factor)) + 1);
    }
  });

  it('takes rows as they come when there are no windows', () => {
    const { rows, pages } = planPages({ config: sizes, grids: [[1, 4, 6]], pageRows: 16 });
    expect([...rows.data]).toEqual(Array.from({ length: 24 }, (_, i) => i));
    expect([...pages.data].map(Number)).toEqual([12, 0, 1, 12, 1, 1]);
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
    expect(() => planPages({ config: windowed, grids: [grid], pageRows: 64 })).toThrow(MediaError);
  });

  it.each([27, 1, 0, Number.NaN])('refuses windows of %d pixels, which hold no merge unit of 28', (windowSize) => {
    const config = { ...sizes, window: { windowSize, fullAttentionBlocks: [] } };
    const plan = () => planPages({ config, grids: [[1, 4, 4]], pageRows: 64 });
    expect(plan).toThrow(ConfigError);
    expect(plan).toThrow(`Expected windows of at least 28 pixels, patch size times merge size. Found ${windowSize}.`);
  });
});
