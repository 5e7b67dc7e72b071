import type { IdRanges } from './allowed-ids.js';
import { kthHighest } from './selection.js';

/**
 * Tokens that may be drawn, ascending by id. The arrays are reused: entries up to `count` hold until the next step.
 *
 * Legend: n, `count`.
 */
export interface Candidates {
  readonly count: number;
  /** [n]. */
  readonly ids: Int32Array;
  /** [n], processed scores: logits after penalties and temperature. */
  readonly scores: Float32Array;
  /** [n], exp(score - highest score): probabilities before division by their sum. */
  readonly weights: Float64Array;
}

/** The steps that only sampling takes. */
export interface CandidateOptions {
  readonly temperature: number;
  readonly topK: number;
  readonly topP: number;
  readonly minP: number;
}

/** Narrows scores down to candidates, with space reserved once. */
export interface CandidateSelector {
  /** `scores` are those of the whole vocabulary, before temperature. */
  select(scores: Float32Array, ranges: IdRanges): Candidates;
}

interface MutableCandidates extends Candidates {
  count: number;
}

/** Scores are sorted into buckets of 1/32 below the highest; 64 below, probabilities are under 1e-27. */
const bucketsPerUnit = 32;
const bucketCount = 64 * bucketsPerUnit;

/**
 * Temperature, top-k, top-p and min-p as Hugging Face's warpers define them, in their order and with their float32
 * scores. Ties at the k-th score are all kept; of ties where top-p ends, the highest ids are kept.
 */
export function createCandidateSelector(vocabularySize: number, options: CandidateOptions): CandidateSelector {
  const temperature = Math.fround(options.temperature);
  const kept: MutableCandidates = {
    count: 0,
    ids: new Int32Array(vocabularySize),
    scores: new Float32Array(vocabularySize),
    weights: new Float64Array(vocabularySize),
  };
  const heap = new Float32Array(Math.min(options.topK, vocabularySize));
  const bucketMass = new Float64Array(options.topP < 1 ? bucketCount : 0);
  const boundary = new Float32Array(options.topP < 1 ? vocabularySize : 0);
  return {
    select(scores, ranges) {
      const kth = heap.length > 0 ? kthHighest(scores, ranges, heap) : Number.NEGATIVE_INFINITY;
      gather(scores, ranges, { kth, temperature, kept });
      const highest = highestScore(kept);
      const total = weigh(kept, highest);
      if (options.topP < 1) keepTopP(kept, { mass: options.topP * total, highest, bucketMass, boundary });
      if (options.minP > 0) keepMinP(kept, options.minP);
      return kept;
    },
  };
}

/** Divides by the temperature, and keeps what is at least the k-th score after rounding, as the reference compares. */
function gather(
  scores: Float32Array,
  ranges: IdRanges,
  options: { readonly kth: number; readonly temperature: number; readonly kept: MutableCandidates },
): void {
  const { kth, temperature, kept } = options;
  const kthScaled = Math.fround(kth / temperature);
  // Division may round a lower score up to the k-th: look a little below it.
  const lowest = kth - Math.abs(kth) * 2 ** -20;
  let count = 0;
  for (let r = 0; r < ranges.length; r += 2) {
    const end = ranges[r + 1]!;
    for (let id = ranges[r]!; id < end; id++) {
      const score = scores[id]!;
      if (!(score >= lowest) || score === Number.NEGATIVE_INFINITY) continue;
      const scaled = Math.fround(score / temperature);
      if (scaled < kthScaled) continue;
      kept.ids[count] = id;
      kept.scores[count] = scaled;
      count++;
    }
  }
  kept.count = count;
}

function highestScore({ count, scores }: Candidates): number {
  let highest = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < count; i++) if (scores[i]! > highest) highest = scores[i]!;
  return highest;
}

/** Fills in the weights and returns their sum. */
function weigh({ count, scores, weights }: Candidates, highest: number): number {
  let total = 0;
  for (let i = 0; i < count; i++) {
    const weight = Math.exp(scores[i]! - highest);
    weights[i] = weight;
    total += weight;
  }
  return total;
}

interface TopPOptions {
  /** Sum of weights to reach. */
  readonly mass: number;
  readonly highest: number;
  /** Space for one sum per bucket. */
  readonly bucketMass: Float64Array;
  /** Space for the scores of one bucket. */
  readonly boundary: Float32Array;
}

/**
 * Keeps the highest scores until their weights reach `mass`. Instead of sorting all candidates, sums them up in
 * buckets of falling score, and sorts only the bucket in which the sum is reached.
 */
function keepTopP(kept: MutableCandidates, options: TopPOptions): void {
  const { scores, weights, count } = kept;
  const { mass, highest, bucketMass, boundary } = options;
  bucketMass.fill(0);
  for (let i = 0; i < count; i++) bucketMass[bucketOf(highest - scores[i]!)]! += weights[i]!;

  let before = 0;
  let last = 0;
  while (last < bucketCount - 1 && before + bucketMass[last]! < mass) before += bucketMass[last++]!;

  let size = 0;
  for (let i = 0; i < count; i++) {
    if (bucketOf(highest - scores[i]!) === last) boundary[size++] = scores[i]!;
  }
  const sorted = boundary.subarray(0, size).sort();
  let next = size;
  while (next > 0 && before < mass) before += Math.exp(sorted[--next]! - highest);
  const lowest = next < size ? sorted[next]! : Number.POSITIVE_INFINITY;
  // The scores below `next` that equal the lowest kept one fell out.
  let excess = 0;
  while (next > 0 && sorted[next - 1] === lowest) {
    excess++;
    next--;
  }
  compact(kept, (i) => {
    const score = scores[i]!;
    if (score === lowest && excess > 0) {
      excess--;
      return false;
    }
    return score >= lowest || bucketOf(highest - score) < last;
  });
}

function bucketOf(distance: number): number {
  return Math.min(bucketCount - 1, Math.floor(distance * bucketsPerUnit));
}

/** Keeps candidates at least `minP` times as likely as the likeliest, whose weight is 1. */
function keepMinP(kept: MutableCandidates, minP: number): void {
  compact(kept, (i) => kept.weights[i]! >= minP);
}

/** Moves the candidates for which `keep` holds to the front. */
function compact(kept: MutableCandidates, keep: (index: number) => boolean): void {
  const { ids, scores, weights, count } = kept;
  let size = 0;
  for (let i = 0; i < count; i++) {
    if (!keep(i)) continue;
    ids[size] = ids[i]!;
    scores[size] = scores[i]!;
    weights[size] = weights[i]!;
    size++;
  }
  kept.count = size;
}
