import { ConfigError, type Tensor } from '@vlmkit/core';

/*
 * Rotary embedding (Su et al., "RoFormer", 2021, section 3.4.2) over a table: row i holds the angles of token i's own position, so
 * that kernels which index a table by cache slot compute M-RoPE unchanged.
 *
 *   column   0 ... a-1    a ... a+b-1    a+b ... d/2-1        mropeSection = [a, b, c], a + b + c = d/2
 *   angle      t / θ_j       h / θ_j         w / θ_j           θ_j = theta^(2j/d), j the column
 *
 * Legend:
 * - s: tokens
 * - d: size of a head
 */

/** Cosines and sines of every token's angles. */
export interface RotaryTables {
  /** [s, d/2] float32. */
  readonly cos: Tensor<'float32'>;
  /** [s, d/2] float32. */
  readonly sin: Tensor<'float32'>;
}

/** Arguments of {@link rotaryTables}. */
export interface RotaryTablesInput {
  /** [3, s] (temporal, height, width), or [s] of a text-only model. */
  readonly positions: Tensor<'int64'>;
  /** Size d of a head. */
  readonly headDim: number;
  /** `rope_theta`: base of the frequencies. */
  readonly ropeTheta: number;
  /** `mrope_section`: columns per axis, which add up to d/2. Left out, every column takes the first axis. */
  readonly mropeSection?: readonly number[] | undefined;
}

/**
 * Frequencies 1 / theta^(2j / dim) for j in 0 .. dim/2 - 1, each step correctly rounded to float32. (torch's vectorised powf is one unit
 * in the last place off in a few of them, e.g. j = 37 for dim 128 and theta 1e6: 1e-6 in a cosine at position 32768.)
 *
 * @throws ConfigError when `dim` is not a positive even number or `theta` not positive.
 */
export function inverseFrequencies(dim: number, theta: number): Float32Array {
  if (!Number.isInteger(dim) || dim <= 0 || dim % 2 !== 0 || !(theta > 0)) {
    throw new ConfigError('Rotary frequencies cannot be computed.', {
      expected: 'a positive even size and a positive theta',
      actual: `size ${dim}, theta ${theta}`,
      remedy: 'Check hidden_size, num_attention_heads and rope_theta in config.json.',
    });
  }
  const base = Math.fround(theta);
  return Float32Array.from({ length: dim / 2 }, (_, j) => 1 / Math.fround(base ** Math.fround((2 * j) / dim)));
}

/**
 * The table of cosines and sines for tokens at these positions.
 *
 * @throws ConfigError when the sections do not add up to half of the head, or positions have another shape.
 */
export function rotaryTables({ positions, headDim, ropeTheta, mropeSection }: RotaryTablesInput): RotaryTables {
  const { dims, data } = positions;
  const tokens = dims.at(-1) ?? 0;
  if (!(dims.length === 1 || (dims.length === 2 && dims[0] === 3))) {
    throw new ConfigError('Positions have the wrong shape.', {
      expected: '[3, s] or [s]',
      actual: `[${dims.join(', ')}]`,
    });
  }
  const frequencies = inverseFrequencies(headDim, ropeTheta);
  const axisOfColumn = columnAxes({ columns: frequencies.length, mropeSection, axes: dims.length === 1 ? 1 : 3 });
  const half = frequencies.length;
  const cos = new Float32Array(tokens * half);
  const sin = new Float32Array(tokens * half);
  for (let token = 0; token < tokens; token++) {
    for (let column = 0; column < half; column++) {
      const position = Number(data[axisOfColumn[column]! * tokens + token]);
      const angle = Math.fround(Math.fround(position) * frequencies[column]!);
      cos[token * half + column] = Math.cos(angle);
      sin[token * half + column] = Math.sin(angle);
    }
  }
  return {
    cos: { dtype: 'float32', dims: [tokens, half], data: cos },
    sin: { dtype: 'float32', dims: [tokens, half], data: sin },
  };
}

interface ColumnAxes {
  readonly columns: number;
  readonly mropeSection: readonly number[] | undefined;
  readonly axes: number;
}

/** The axis that each column takes its position from. Sections beyond the third start over at t. */
function columnAxes({ columns, mropeSection, axes }: ColumnAxes): readonly number[] {
  if (mropeSection === undefined || axes === 1) return new Array<number>(columns).fill(0);
  const total = mropeSection.reduce((sum, section) => sum + section, 0);
  if (total !== columns) {
    throw new ConfigError('mrope_section does not fit the head.', {
      expected: `sections that add up to half of the head, ${columns}`,
      actual: `[${mropeSection.join(', ')}], which add up to ${total}`,
      remedy: 'Check rope_scaling.mrope_section in config.json.',
    });
  }
  return mropeSection.flatMap((section, index) => new Array<number>(section).fill(index % 3));
}
