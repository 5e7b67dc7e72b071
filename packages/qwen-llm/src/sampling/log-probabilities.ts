import { checkOption, isCount } from './check-option.js';
import { highestIds } from './selection.js';

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

/**
 * The `count` most likely tokens of a row, likeliest first, lower ids first among equals; all of them where the row has no
 * more.
 *
 * @throws PromptError when `count` is no integer of 0 or more
 */
export function topLogprobs(logits: Float32Array, count: number): TokenLogprob[] {
  checkOption('topLogprobs', count, isCount(count), 'a count of 0 or more');
  const normaliser = logSumExp(logits);
  const ids = highestIds(logits, Math.min(count, logits.length));
  return Array.from(ids, (id) => ({ id, logprob: logits[id]! - normaliser }));
}
