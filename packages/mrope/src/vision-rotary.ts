import { ConfigError, type GridThw, mergeGrid, type Tensor } from '@vlmkit/core';
import { inverseFrequencies, type RotaryTables } from './rotary-tables.js';

/*
 * 2-D rotary positions of the vision transformer (Wang et al., "Qwen2-VL", 2024, section 2.1). Patches come in merge order:
 * each merge x merge block of neighbours is contiguous.
 *
 *   merge = 2:    0  1 │  4  5        column   0 ... d/4-1     d/4 ... d/2-1
 *                 2  3 │  6  7        angle      h / θ_j           w / θ_j         θ_j = theta^(4j/d), j from 0 in both
 *
 * Legend:
 * - p: patches, t * h * w
 * - d: size of a head
 */

/** Arguments of {@link visionPositions}. */
export interface VisionPositionsInput {
  /** Patches per axis. */
  readonly grid: GridThw;
  /** `spatial_merge_size`. */
  readonly spatialMergeSize: number;
}

/**
 * Row and column [p, 2] of every patch, in merge order; every temporal step repeats them.
 *
 * @throws MediaError when the grid cannot be merged.
 */
export function visionPositions({ grid, spatialMergeSize: merge }: VisionPositionsInput): Tensor<'int32'> {
  const [t, h, w] = grid;
  const [, rows, columns] = mergeGrid(grid, merge);
  const frame = new Int32Array(2 * h * w);
  let at = 0;
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      for (let y = 0; y < merge; y++) {
        for (let x = 0; x < merge; x++) {
          frame[at++] = row * merge + y;
          frame[at++] = column * merge + x;
        }
      }
    }
  }
  const data = new Int32Array(t * frame.length);
  for (let step = 0; step < t; step++) data.set(frame, step * frame.length);
  return { dtype: 'int32', dims: [t * h * w, 2], data };
}

/** Arguments of {@link visionRotaryTables}. */
export interface VisionRotaryInput extends VisionPositionsInput {
  /** Size d of a head, divisible by 4. */
  readonly headDim: number;
  /** Base of the frequencies (default 10000). */
  readonly ropeTheta?: number | undefined;
}

/**
 * Cosines and sines [p, d/2] of every patch of one picture or clip, in merge order.
 *
 * @throws ConfigError when the head does not divide by 4, MediaError when the grid cannot be merged.
 */
export function visionRotaryTables(input: VisionRotaryInput): RotaryTables {
  const { grid, headDim, ropeTheta = 10000 } = input;
  if (headDim % 4 !== 0) {
    throw new ConfigError('The vision head cannot hold two axes.', {
      expected: 'a head size divisible by 4',
      actual: `${headDim}`,
      remedy: 'Check hidden_size and num_heads of vision_config in config.json.',
    });
  }
  const positions = visionPositions(input);
  const frequencies = inverseFrequencies(headDim / 2, ropeTheta);
  const quarter = frequencies.length;
  const extent = Math.max(grid[1], grid[2]);
  // Few distinct positions, many patches: compute each position's row once.
  const cosRows = new Float32Array(extent * quarter);
  const sinRows = new Float32Array(extent * quarter);
  for (let i = 0; i < cosRows.length; i++) {
    const angle = Math.fround(Math.floor(i / quarter) * frequencies[i % quarter]!);
    cosRows[i] = Math.cos(angle);
    sinRows[i] = Math.sin(angle);
  }
  const halves = positions.data.length;
  const cos = new Float32Array(halves * quarter);
  const sin = new Float32Array(halves * quarter);
  for (let i = 0; i < halves; i++) {
    const row = positions.data[i]! * quarter;
    cos.set(cosRows.subarray(row, row + quarter), i * quarter);
    sin.set(sinRows.subarray(row, row + quarter), i * quarter);
  }
  const dims = [halves / 2, 2 * quarter];
  return { cos: { dtype: 'float32', dims, data: cos }, sin: { dtype: 'float32', dims, data: sin } };
}
