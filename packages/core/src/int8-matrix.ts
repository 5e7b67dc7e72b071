/** Rows that are transposed together, so that both sides of the copy stay in the processor's cache. */
const tileRows = 64;

/** Extents of an {@link Int8Matrix}. */
export interface Int8MatrixOptions {
  /** Outputs of the layer, of all parts together. */
  readonly rows: number;
  /** Inputs of the layer. */
  readonly columns: number;
  /** Matrices that are stored one above the other, as 3 in `qkv` (default 1). */
  readonly parts?: number;
}

/**
 * A linear layer's weight W [p·n, k] as 8-bit integers, filled some rows at a time:
 *
 * - `values` [p, k, n]: round(W / scale), every part transposed as integer products want it
 * - `scales` [p·n]: the largest magnitude of each row of W, over 127
 *
 * Legend:
 * - p: parts   - n: outputs of a part   - k: inputs
 */
export class Int8Matrix {
  readonly values: Int8Array<ArrayBuffer>;
  readonly scales: Float32Array<ArrayBuffer>;
  readonly #outputs: number;
  readonly #columns: number;
  readonly #tile: Int8Array;

  constructor({ rows, columns, parts = 1 }: Int8MatrixOptions) {
    this.values = new Int8Array(rows * columns);
    this.scales = new Float32Array(rows);
    this.#outputs = rows / parts;
    this.#columns = columns;
    this.#tile = new Int8Array(tileRows * columns);
  }

  /**
   * Fills the rows from `first` on.
   *
   * @param weights [count, k], of any number of rows.
   * @throws RangeError for weights that are not finite.
   */
  fill(first: number, weights: Float32Array): void {
    const columns = this.#columns;
    const end = first + weights.length / columns;
    for (let row = first; row < end; ) {
      const count = Math.min(tileRows, end - row, this.#outputs - (row % this.#outputs));
      for (let i = 0; i < count; i++) {
        const start = (row - first + i) * columns;
        const target = this.#tile.subarray(i * columns, (i + 1) * columns);
        this.scales[row + i] = roundRow(weights.subarray(start, start + columns), target);
      }
      this.#transpose(row, count);
      row += count;
    }
  }

  /** Copies the tile, whose rows are those from `first` on and lie in one part. */
  #transpose(first: number, count: number): void {
    const [columns, outputs, tile, values] = [this.#columns, this.#outputs, this.#tile, this.values];
    const output = first % outputs;
    const start = (first - output) * columns + output;
    for (let k = 0; k < columns; k++) {
      const target = start + k * outputs;
      for (let i = 0; i < count; i++) values[target + i] = tile[i * columns + k]!;
    }
  }
}

/** Fills `target` and returns the scale. */
function roundRow(row: Float32Array, target: Int8Array): number {
  let largest = 0;
  for (let i = 0; i < row.length; i++) {
    const size = Math.abs(row[i]!);
    // Also takes what is not a number.
    if (!(size <= largest)) largest = size;
  }
  if (!Number.isFinite(largest)) throw new RangeError('A weight is not finite.');
  const scale = Math.fround(largest / 127);
  const inverse = scale > 0 ? 1 / scale : 0;
  for (let i = 0; i < row.length; i++) target[i] = Math.round(row[i]! * inverse);
  return scale;
}
