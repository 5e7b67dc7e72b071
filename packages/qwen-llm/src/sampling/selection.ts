import type { IdRanges } from './allowed-ids.js';

/** The id of the highest score, the lowest id among equals; -1 when no score in the ranges is above -Infinity. */
export function argmax(scores: Float32Array, ranges: IdRanges): number {
  let best = Number.NEGATIVE_INFINITY;
  let bestId = -1;
  for (let r = 0; r < ranges.length; r += 2) {
    const end = ranges[r + 1]!;
    for (let id = ranges[r]!; id < end; id++) {
      const score = scores[id]!;
      if (score > best) {
        best = score;
        bestId = id;
      }
    }
  }
  return bestId;
}

/**
 * The k-th highest score in the ranges, -Infinity when they hold fewer. One pass with a heap of the k highest so far:
 * nearly every score is settled by one comparison with the heap's smallest.
 *
 * @param heap space for k scores
 */
export function kthHighest(scores: Float32Array, ranges: IdRanges, heap: Float32Array): number {
  heap.fill(Number.NEGATIVE_INFINITY);
  let smallest = Number.NEGATIVE_INFINITY;
  for (let r = 0; r < ranges.length; r += 2) {
    const end = ranges[r + 1]!;
    for (let id = ranges[r]!; id < end; id++) {
      const score = scores[id]!;
      if (score > smallest) {
        replaceSmallest(heap, score);
        smallest = heap[0]!;
      }
    }
  }
  return smallest;
}

/** The ids of the `count` highest scores, falling; the lowest ids of those that share the last. NaN counts as no score. */
export function highestIds(scores: Float32Array, count: number): Int32Array {
  const kth = kthHighest(scores, Int32Array.of(0, scores.length), new Float32Array(count));
  let above = 0;
  for (let id = 0; id < scores.length; id++) if (scores[id]! > kth) above++;
  const ids = new Int32Array(count);
  let size = 0;
  let equals = count - above;
  for (let id = 0; id < scores.length && size < count; id++) {
    const score = scores[id]!;
    if (score > kth || (score === kth && equals-- > 0)) ids[size++] = id;
  }
  return ids.subarray(0, size).sort((a, b) => scores[b]! - scores[a]! || a - b);
}

/** Puts `value` in the place of the root of a min-heap. */
function replaceSmallest(heap: Float32Array, value: number): void {
  const size = heap.length;
  let hole = 0;
  for (;;) {
    let child = 2 * hole + 1;
    if (child >= size) break;
    if (child + 1 < size && heap[child + 1]! < heap[child]!) child++;
    if (heap[child]! >= value) break;
    heap[hole] = heap[child]!;
    hole = child;
  }
  heap[hole] = value;
}
