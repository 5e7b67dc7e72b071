/**
 * Which tokens a constraint allows: bit `id % 32` of word `id >> 5` is set for an allowed id. Ids beyond the last word
 * are forbidden.
 */
export type TokenMask = Int32Array | Uint32Array;

/** Sets the scores of the ids that `mask` forbids to -Infinity. In place. */
export function applyTokenMask(scores: Float32Array, mask: TokenMask): void {
  const masked = Math.min(scores.length, mask.length * 32);
  for (let start = 0; start < masked; start += 32) {
    const bits = mask[start >> 5]!;
    const end = Math.min(start + 32, masked);
    if (bits === 0) scores.fill(Number.NEGATIVE_INFINITY, start, end);
    else if (~bits !== 0) {
      for (let id = start; id < end; id++) {
        if (((bits >>> (id & 31)) & 1) === 0) scores[id] = Number.NEGATIVE_INFINITY;
      }
    }
  }
  scores.fill(Number.NEGATIVE_INFINITY, masked);
}
