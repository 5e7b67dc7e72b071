/*
 * Choosing the scale of a block of weights.
 *
 * A block w of b weights is stored as integers q in [-2^(n-1), 2^(n-1) - 1] and one scale d, and read back as d * q. The
 * squared error is least for a given q at d = Σ wq / Σ qq, where it is Σ ww - (Σ wq)² / Σ qq. So each candidate scale is
 * judged by (Σ wq)² / Σ qq of the integers that it rounds to, which needs no second pass.
 *
 * Taking the largest weight to the end of the range is not the best choice: a slightly smaller scale clips that one weight
 * and serves the others better. As the range has one more negative integer, the scale may be negative, and both
 * orientations are tried. (llama.cpp's `make_qx_quants` searches one of them; the criterion is the same.)
 */

/** Bits of a stored integer. */
export type QuantBits = 4 | 8;

/** Adding and subtracting this rounds to an integer, half to even; faster than Math.round in compiled code. */
export const rounder = 1.5 * 2 ** 52;

/** Times that the best scale found is tried again with the integers that it rounds to. */
const refinements = 2;

/** Integers that the weight of the largest magnitude is taken to, one per candidate scale; an even number of them. */
function candidates(bits: QuantBits): Float64Array {
  const spread = (from: number, to: number, count: number): number[] =>
    Array.from({ length: count }, (_, i) => from + ((to - from) * i) / (count - 1));
  // With 8 bits the error is small whatever the scale: only the orientation and the range's end matter.
  return Float64Array.from(
    bits === 4
      ? [...spread(-9.5, -7, 8), ...spread(6, 8.5, 8)]
      : [...spread(-128.4, -127, 2), ...spread(126.5, 127.4, 2)],
  );
}

/** Finds scales for blocks of one size. Holds scratch memory: one per thread of work. */
export class BlockScaleSearch {
  readonly #targets: Float64Array;
  readonly #lowest: number;
  readonly #block: Float64Array;
  #best = 0;
  #scale = 0;

  constructor(blockSize: number, bits: QuantBits) {
    this.#targets = candidates(bits);
    this.#lowest = -(2 ** (bits - 1));
    this.#block = new Float64Array(blockSize);
  }

  /** The unrounded scale for the weights at `values[offset ...]`; 0 when all are 0, NaN when one is not finite. */
  find(values: Float32Array, offset: number): number {
    const largest = this.#load(values, offset);
    if (largest === 0 || Number.isNaN(largest)) return largest;
    this.#best = 0;
    this.#scale = 0;
    const targets = this.#targets;
    for (let i = 0; i < targets.length; i += 2) this.#tryTwo(targets[i]! / largest, targets[i + 1]! / largest);
    for (let i = 0; i < refinements && this.#scale !== 0; i++) this.#tryTwo(1 / this.#scale, 1 / this.#scale);
    return this.#scale;
  }

  /** Copies a block into scratch memory; returns its weight of the largest magnitude, or NaN. */
  #load(values: Float32Array, offset: number): number {
    const block = this.#block;
    let largest = 0;
    let size = 0;
    let notFinite = 0;
    for (let i = 0; i < block.length; i++) {
      const value = values[offset + i]!;
      block[i] = value;
      notFinite += value * 0;
      if (Math.abs(value) > size) {
        size = Math.abs(value);
        largest = value;
      }
    }
    return notFinite === 0 ? largest : Number.NaN;
  }

  /** Judges two inverse scales and keeps the better. Two at a time share the loads of the block. */
  #tryTwo(inverse1: number, inverse2: number): void {
    const block = this.#block;
    const lowest = this.#lowest;
    const highest = -lowest - 1;
    let products1 = 0;
    let squares1 = 0;
    let products2 = 0;
    let squares2 = 0;
    for (let i = 0; i < block.length; i++) {
      const value = block[i]!;
      const q1 = Math.min(Math.max(value * inverse1, lowest), highest) + rounder - rounder;
      const q2 = Math.min(Math.max(value * inverse2, lowest), highest) + rounder - rounder;
      products1 += value * q1;
      squares1 += q1 * q1;
      products2 += value * q2;
      squares2 += q2 * q2;
    }
    this.#keep(products1, squares1);
    this.#keep(products2, squares2);
  }

  #keep(products: number, squares: number): void {
    const score = (products * products) / squares;
    if (!(score > this.#best)) return;
    this.#best = score;
    this.#scale = products / squares;
  }
}
