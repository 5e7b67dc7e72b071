import { rounder } from './block-scale.js';

/*
 * Choosing the scale and the zero of a block of weights, for 4 bits.
 *
 * A block w is stored as integers s in 0..15, and read back as d · (s − z). With q = s − z, the best d for given integers and
 * how good it is follow as for symmetric blocks (see block-scale.ts), with errors weighted by h: d = Σ hwq / Σ hqq, judged
 * by (Σ hwq)² / Σ hqq. Weights are seldom spread evenly around 0 within a block: a zero of its own uses the range fully,
 * which saves more error than halving the size of blocks, at half its cost in bits.
 *
 * h is |w| plus the block's mean of it. What moves a model's answers is less the error of the many small weights than that
 * of the few large ones, which a plain squared error would clip. (llama.cpp's K-quants weight errors in this manner.)
 */

/** What a block is stored with. */
export interface BlockRange {
  /** d, not rounded; NaN when a weight is not finite. */
  readonly scale: number;
  /** z, 0 to 15. */
  readonly zero: number;
}

const highest = 15;

/** Parts of the block's range that the integers are stretched over: less clips the ends, and serves the others better. */
const stretches = Float64Array.from({ length: 9 }, (_, i) => 0.72 + 0.04 * i);

/** Times that the best scale found is tried again with the integers that it rounds to. */
const refinements = 2;

/** Finds ranges for blocks of one size. Holds scratch memory: one per thread of work. */
export class BlockRangeSearch {
  readonly #block: Float64Array;
  readonly #importance: Float64Array;
  #best = 0;
  #scale = 0;
  #zero = 0;

  constructor(blockSize: number) {
    this.#block = new Float64Array(blockSize);
    this.#importance = new Float64Array(blockSize);
  }

  /** The range for the weights at `values[offset ...]`. */
  find(values: Float32Array, offset: number): BlockRange {
    const { least, most } = this.#load(values, offset);
    const range = most - least;
    if (range === 0 || Number.isNaN(range)) return { scale: range, zero: 8 };
    this.#best = 0;
    this.#scale = 0;
    const below = Math.floor((-least * highest) / range);
    for (const stretch of stretches) this.#tryTwo(highest / (range * stretch), below, Math.min(below + 1, highest));
    for (let i = 0; i < refinements && this.#scale !== 0; i++) {
      this.#tryTwo(1 / this.#scale, this.#zero, Math.min(this.#zero + 1, highest));
    }
    return { scale: this.#scale, zero: this.#zero };
  }

  /** Copies a block into scratch memory; returns the ends of its range, which holds 0, or NaN. */
  #load(values: Float32Array, offset: number) {
    const block = this.#block;
    const importance = this.#importance;
    let [least, most, total, notFinite] = [0, 0, 0, 0];
    for (let i = 0; i < block.length; i++) {
      const value = values[offset + i]!;
      block[i] = value;
      total += Math.abs(value);
      notFinite += value * 0;
      if (value < least) least = value;
      if (value > most) most = value;
    }
    const mean = total / block.length;
    for (let i = 0; i < block.length; i++) importance[i] = Math.abs(block[i]!) + mean;
    return notFinite === 0 ? { least, most } : { least: Number.NaN, most: Number.NaN };
  }

  /** Judges an inverse scale with two zeros and keeps the better. Two at a time share the rounding of the block. */
  #tryTwo(inverse: number, zero1: number, zero2: number): void {
    const block = this.#block;
    const importance = this.#importance;
    let products1 = 0;
    let squares1 = 0;
    let products2 = 0;
    let squares2 = 0;
    for (let i = 0; i < block.length; i++) {
      const value = block[i]!;
      const h = importance[i]!;
      const rounded = value * inverse + rounder - rounder;
      const q1 = Math.min(Math.max(rounded, -zero1), highest - zero1);
      const q2 = Math.min(Math.max(rounded, -zero2), highest - zero2);
      const hq1 = h * q1;
      const hq2 = h * q2;
      products1 += value * hq1;
      squares1 += q1 * hq1;
      products2 += value * hq2;
      squares2 += q2 * hq2;
    }
    this.#keep(products1, squares1, zero1);
    this.#keep(products2, squares2, zero2);
  }

  #keep(products: number, squares: number, zero: number): void {
    const score = (products * products) / squares;
    if (!(score > this.#best)) return;
    this.#best = score;
    this.#scale = products / squares;
    this.#zero = zero;
  }
}
