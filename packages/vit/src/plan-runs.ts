import type { GridThw } from '@vlmkit/core';

/**
 * Which neighbouring segments to encode in one run: the indexes of every run, in order. Joining pays while a run does
 * not fill a page; larger runs would only take more memory.
 */
export function planRuns(grids: readonly GridThw[], pageRows: number): number[][] {
  const runs: number[][] = [];
  let filled = Number.POSITIVE_INFINITY;
  grids.forEach(([t, h, w], index) => {
    const patches = t * h * w;
    if (filled + patches > pageRows) {
      runs.push([]);
      filled = 0;
    }
    runs.at(-1)?.push(index);
    filled += patches;
  });
  return runs;
}
