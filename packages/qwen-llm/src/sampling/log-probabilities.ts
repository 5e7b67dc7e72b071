/** A token and the natural logarithm of its probability. */
export interface TokenLogprob {
  readonly id: number;
  readonly logprob: number;
}

/**
 * log(sum(exp(logits))) of a row, in double precision and without overflow: log-probability of id i is
 * `logits[i] - logSumExp(logits)`.
 */
export function logSumExp(logits: Float32Array): number {
  let highest = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < logits.length; i++) if (logits[i]! > highest) highest = logits[i]!;
  let sum = 0;
  for (let i = 0; i < logits.length; i++) sum += Math.exp(logits[i]! - highest);
  return highest + Math.log(sum);
}

/** The `count` most likely tokens of a row, likeliest first, lower ids first among equals. */
export function topLogprobs(logits: Float32Array, count: number): TokenLogprob[] {
  const normaliser = logSumExp(logits);
  const size = Math.min(count, logits.length);
  const top: TokenLogprob[] = [];
  let lowest = Number.NEGATIVE_INFINITY;
  for (let id = 0; id < logits.length && size > 0; id++) {
    const logprob = logits[id]! - normaliser;
    if (top.length === size && !(logprob > lowest)) continue;
    // The list is short and seldom changes: insertion beats a heap.
    let place = top.length;
    while (place > 0 && top[place - 1]!.logprob < logprob) place--;
    top.splice(place, 0, { id, logprob });
    if (top.length > size) top.pop();
    lowest = top.at(-1)!.logprob;
  }
  return top;
}
