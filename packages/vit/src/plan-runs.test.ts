import type { GridThw } from '@vlmkit/core';
import { describe, expect, it } from 'vitest';
import { planRuns } from './plan-runs.js';

describe('planRuns', () => {
  it('joins neighbours while they fit a page', () => {
    const grids: GridThw[] = [
      [1, 16, 16],
      [1, 16, 16],
      [1, 2, 2],
      [1, 32, 32],
      [1, 4, 4],
      [2, 4, 4],
    ];
    expect(planRuns(grids, 512)).toEqual([[0, 1], [2], [3], [4, 5]]);
    expect(planRuns([], 512)).toEqual([]);
  });
});
