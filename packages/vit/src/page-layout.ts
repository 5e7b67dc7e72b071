import { ConfigError, type GridThw, int64, mergeGrid, type Tensor, tensor } from '@vlmkit/core';
import type { VitConfig } from './config.js';

/*
 * Blocks between two full-attention blocks only mix patches of one window, so they can run on a few windows at a time.
 * A page is such a batch of whole windows. Its dense layers see one matrix of rows; its attention sees runs of windows of one
 * size, each a dense batch without padding or mask. Most pages have a single run; windows that the picture's edge cuts
 * share the last ones.
 *
 *   merge units of a 6x5 grid, windows of 4x4        one page of 120 rows, in four runs
 *   A A A A │ B                                      [A]  1 x 64
 *   A A A A │ B                                      [C]  1 x 32
 *   A A A A │ B                                      [B]  1 x 16
 *   A A A A │ B                                      [D]  1 x 8
 *   ────────┼──
 *   C C C C │ D
 *   C C C C │ D
 *
 * Legend:
 * - p: patches of the run   - g: pages   - r: rows of the largest page   - w: runs of windows   - f: runs of frames
 */

/** How the patches of a run are dealt out. */
export interface PageLayout {
  /** [g, r] the patch in every row of a page; rows beyond a page's windows repeat patch 0 and are never read. */
  readonly rows: Tensor<'int32'>;
  /** [p] the row, counted through all pages, that holds each patch. */
  readonly places: Tensor<'int32'>;
  /** [g, 3] rows of a page that are filled, its first run of windows, the number of its runs. */
  readonly pages: Tensor<'int64'>;
  /** [w, 3] first row in its page, number of windows, patches of a window. */
  readonly windows: Tensor<'int64'>;
  /** [f, 3] first patch, number of frames, patches of a frame. */
  readonly frames: Tensor<'int64'>;
}

/** Arguments of {@link planPages}. */
export interface PagePlanInput {
  readonly config: Pick<VitConfig, 'patchSize' | 'spatialMergeSize' | 'window'>;
  /** Grids of the pictures and clips whose patches are fed one after the other. */
  readonly grids: readonly GridThw[];
  /** Rows to aim at for a page; a page never splits a window. */
  readonly pageRows: number;
}

/** Windows of one size, one after the other. */
interface WindowClass {
  readonly size: number;
  readonly patches: readonly number[];
}

/**
 * Deals the patches of a run out to pages.
 *
 * @throws MediaError when a grid cannot be merged, ConfigError when a window holds no merge unit.
 */
export function planPages(input: PagePlanInput): PageLayout {
  const pages = fillPages(windowClasses(input), input.pageRows);
  const lengths = pages.map((runs) => runs.reduce((sum, { patches }) => sum + patches.length, 0));
  const pageRows = Math.max(...lengths);
  const count = input.grids.reduce((sum, [t, h, w]) => sum + t * h * w, 0);
  const rows = new Int32Array(pages.length * pageRows);
  const places = new Int32Array(count);
  const pageFields: number[] = [];
  const windowFields: number[] = [];
  pages.forEach((runs, page) => {
    pageFields.push(lengths[page]!, windowFields.length / 3, runs.length);
    let row = 0;
    for (const { size, patches } of runs) {
      windowFields.push(row, patches.length / size, size);
      for (const patch of patches) {
        rows[page * pageRows + row] = patch;
        places[patch] = page * pageRows + row;
        row += 1;
      }
    }
  });
  return {
    rows: tensor('int32', [pages.length, pageRows], rows),
    places: tensor('int32', [count], places),
    pages: int64([pages.length, 3], pageFields),
    windows: int64([windowFields.length / 3, 3], windowFields),
    frames: planFrames(input.grids),
  };
}

/** Windows by size, largest first. Without windows every patch is a window of its own: rows are then independent. */
function windowClasses({ config, grids }: PagePlanInput): WindowClass[] {
  const merge = config.spatialMergeSize;
  const classes = new Map<number, number[]>();
  const side = windowSide(config);
  let first = 0;
  const unit = merge * merge;
  for (const grid of grids) {
    const [t, rows, columns] = mergeGrid(grid, merge);
    for (let frame = 0; frame < t; frame++, first += rows * columns * unit) {
      collectWindows({ classes, first, rows, columns, side, unit });
    }
  }
  return [...classes].map(([size, patches]) => ({ size, patches })).sort((a, b) => b.size - a.size);
}

/** Merge units per side of a window, as the reference counts them; undefined without windows. */
function windowSide({ window, spatialMergeSize, patchSize }: PagePlanInput['config']): number | undefined {
  if (window === undefined) return undefined;
  const side = Math.floor(window.windowSize / spatialMergeSize / patchSize);
  if (side >= 1) return side;
  throw new ConfigError('The windows of the vision encoder hold no merge unit.', {
    expected: `windows of at least ${spatialMergeSize * patchSize} pixels, patch size times merge size`,
    actual: `${window.windowSize}`,
    remedy: 'Check window_size, patch_size and spatial_merge_size of vision_config in config.json.',
  });
}

interface FrameUnits {
  readonly classes: Map<number, number[]>;
  /** First patch of the frame. */
  readonly first: number;
  /** Merge units per column and row of the frame. */
  readonly rows: number;
  readonly columns: number;
  /** Merge units per side of a window; undefined without windows. */
  readonly side: number | undefined;
  /** Patches of a merge unit. */
  readonly unit: number;
}

function collectWindows({ classes, first, rows, columns, side, unit }: FrameUnits): void {
  const classOf = (size: number) => {
    const known = classes.get(size) ?? [];
    classes.set(size, known);
    return known;
  };
  if (side === undefined) {
    const patches = classOf(1);
    for (let i = 0; i < rows * columns * unit; i++) patches.push(first + i);
    return;
  }
  for (let top = 0; top < rows; top += side) {
    const bottom = Math.min(rows, top + side);
    for (let left = 0; left < columns; left += side) {
      const right = Math.min(columns, left + side);
      const patches = classOf((bottom - top) * (right - left) * unit);
      for (let y = top; y < bottom; y++) {
        const start = first + (y * columns + left) * unit;
        for (let i = 0; i < (right - left) * unit; i++) patches.push(start + i);
      }
    }
  }
}

/** Fills pages to about equal length, since a short last page would use the processor badly. Returns runs by page. */
function fillPages(classes: readonly WindowClass[], pageRows: number): WindowClass[][] {
  const total = classes.reduce((sum, { patches }) => sum + patches.length, 0);
  const even = total / Math.ceil(total / pageRows);
  const pages: WindowClass[][] = [];
  let room = 0;
  for (const { size, patches } of classes) {
    for (let start = 0; start < patches.length; ) {
      if (room < size) {
        pages.push([]);
        room = Math.max(size, Math.min(pageRows, Math.ceil(even / size) * size));
      }
      const end = Math.min(patches.length, start + Math.floor(room / size) * size);
      pages.at(-1)?.push({ size, patches: patches.slice(start, end) });
      room -= end - start;
      start = end;
    }
  }
  return pages;
}

/** Neighbouring frames of one size attend as one batch. */
function planFrames(grids: readonly GridThw[]): Tensor<'int64'> {
  const runs: { start: number; count: number; size: number }[] = [];
  let start = 0;
  for (const [t, h, w] of grids) {
    const last = runs.at(-1);
    if (last?.size === h * w) last.count += t;
    else runs.push({ start, count: t, size: h * w });
    start += t * h * w;
  }
  return int64(
    [runs.length, 3],
    runs.flatMap((run) => [run.start, run.count, run.size]),
  );
}
