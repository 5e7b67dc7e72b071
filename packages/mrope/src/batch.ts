import { PromptError, type Tensor } from '@vlmkit/core';
import { type PositionedSegment, type RopeIndexConfig, ropeIndex } from './rope-index.js';

/*
 * Legend:
 * - b: sequences of the batch
 * - L: length of the longest
 */

/** One sequence of a batch. */
export interface BatchRow {
  readonly tokenIds: ArrayLike<number>;
  readonly segments: readonly PositionedSegment[];
}

/** Positions of sequences of different lengths, padded on the left to end together. */
export interface BatchRopeIndex {
  /** [3, b, L]; 0 at padding, which attention masks out. */
  readonly positions: Tensor<'int64'>;
  /** [b, L]: 1 at tokens, 0 at padding. */
  readonly attentionMask: Tensor<'int64'>;
  /** Padding tokens before each sequence. */
  readonly padding: readonly number[];
  /**
   * Per sequence: largest position + 1 - L, with L the padded length. As the cache of a padded batch counts the padding too,
   * decoding positions are cache length + delta, as for one sequence.
   */
  readonly ropeDeltas: readonly number[];
}

/**
 * {@link ropeIndex} of several sequences, padded on the left.
 *
 * @throws PromptError when the batch is empty or a sequence does not match its segments.
 */
export function batchRopeIndex(rows: readonly BatchRow[], config: RopeIndexConfig): BatchRopeIndex {
  if (rows.length === 0) {
    throw new PromptError('A batch needs at least one sequence.', { expected: '1 or more', actual: '0' });
  }
  const length = Math.max(...rows.map((row) => row.tokenIds.length));
  const positions = new BigInt64Array(3 * rows.length * length);
  const mask = new BigInt64Array(rows.length * length);
  const padding: number[] = [];
  const ropeDeltas: number[] = [];
  rows.forEach((row, index) => {
    const single = ropeIndex({ ...config, ...row });
    const tokens = row.tokenIds.length;
    const pad = length - tokens;
    for (let axis = 0; axis < 3; axis++) {
      const values = single.positions.data.subarray(axis * tokens, (axis + 1) * tokens);
      positions.set(values, (axis * rows.length + index) * length + pad);
    }
    mask.fill(1n, index * length + pad, (index + 1) * length);
    padding.push(pad);
    ropeDeltas.push(single.ropeDelta - pad);
  });
  return {
    positions: { dtype: 'int64', dims: [3, rows.length, length], data: positions },
    attentionMask: { dtype: 'int64', dims: [rows.length, length], data: mask },
    padding,
    ropeDeltas,
  };
}
