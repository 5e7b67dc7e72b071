/** Rows that are transposed together, so that both sides of the copy stay in the processor's cache. */
const tileRows = 64;

/**
 * A linear layer's weight W [n, k] as 8-bit integers for products of many rows, filled some rows at a time:
 *
 * - `values` [k, n]: round(W / scale), transposed as integer products want it
 * - `scales` [n]: the largest magnitude of each row of W, over 127
 *
 * Legend:
 * - n: rows (outputs of the layer)   - k: columns (inputs)
 */
export class Int8Matrix {
  readonly values: Int8Array<ArrayBuffer>;
  readonly scales: Float32Array<ArrayBuffer>;
  readonly #rows: number;
  readonly #columns: number;
  readonly #tile: Int8Array;

  constructor(rows: number, columns: number) {
    this.values = new Int8Array(rows * columns);
    this.scales = new Float32Array(rows);
    this.#rows = rows;
    this.#columns = columns;
    this.#tile = new Int8Array(tileRows * columns);
  }

  /**
   * Fills the rows from `first` on.
   *
   * @throws RangeError for weights that are not finite.
   */
  fill(first: number, weights: Float32Array): void {
    const columns = this.#columns;
    const count = weights.length / columns;
    for (let from = 0; from < count; from += tileRows) {
      const rows = Math.min(tileRows, count - from);
      for (let i = 0; i < rows; i++) {
        const row = weights.subarray((from + i) * columns, (from + i + 1) * columns);
        this.scales[first + from + i] = roundRow(row, this.#tile.subarray(i * columns, (i + 1) * columns));
      }
      this.#transpose(first + from, rows);
    }
  }

  #transpose(first: number, count: number): void {
    const [columns, rows, tile, values] = [this.#columns, this.#rows, this.#tile, this.values];
    for (let k = 0; k < columns; k++) {
      const target = k * rows + first;
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
