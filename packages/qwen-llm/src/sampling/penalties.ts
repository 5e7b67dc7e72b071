import type { TokenHistory } from './history.js';

/** Counts how often tokens occur, without clearing or allocating per step. */
export interface TokenCounter {
  /** Starts over: every id counts 0. */
  reset(): void;
  /** Counts one more of `id` and returns how many there are now; 0 for an id outside of the vocabulary. */
  add(id: number): number;
  /** How often `id` was counted; counts 0 afterwards, so that each token is handled once. */
  take(id: number): number;
}

/** A counter over ids 0..size-1. */
export function createTokenCounter(size: number): TokenCounter {
  // A count is valid only when its stamp is the current one, so that a reset costs nothing.
  const stamps = new Uint32Array(size);
  const counts = new Uint32Array(size);
  let stamp = 0;
  return {
    reset() {
      stamp++;
    },
    add(id) {
      if (id >= size) return 0;
      const count = stamps[id] === stamp ? counts[id]! + 1 : 1;
      stamps[id] = stamp;
      counts[id] = count;
      return count;
    },
    take(id) {
      if (id >= size || stamps[id] !== stamp) return 0;
      const count = counts[id]!;
      counts[id] = 0;
      return count;
    },
  };
}

/**
 * Divides positive scores and multiplies negative ones by `penalty`, once for each token of prompt and answer
 * (Keskar et al., "CTRL", 2019; Hugging Face's `RepetitionPenaltyLogitsProcessor`). In place.
 */
export function applyRepetitionPenalty(
  scores: Float32Array,
  history: TokenHistory,
  { penalty, counter }: { readonly penalty: number; readonly counter: TokenCounter },
): void {
  const factor = Math.fround(penalty);
  counter.reset();
  for (const ids of [history.prompt, history.generated]) {
    for (let i = 0; i < ids.length; i++) {
      const id = ids[i]!;
      if (counter.add(id) !== 1) continue;
      const score = scores[id]!;
      scores[id] = score < 0 ? score * factor : score / factor;
    }
  }
}

/**
 * score - frequency * count - presence * (count > 0), with the counts of the answer so far (OpenAI's definition, in
 * the order in which vLLM rounds). In place.
 */
export function applyOccurrencePenalties(
  scores: Float32Array,
  generated: ArrayLike<number>,
  options: { readonly frequency: number; readonly presence: number; readonly counter: TokenCounter },
): void {
  const { counter } = options;
  const frequency = Math.fround(options.frequency);
  const presence = Math.fround(options.presence);
  counter.reset();
  for (let i = 0; i < generated.length; i++) counter.add(generated[i]!);
  for (let i = 0; i < generated.length; i++) {
    const id = generated[i]!;
    const count = counter.take(id);
    if (count > 0) scores[id] = Math.fround(scores[id]! - Math.fround(frequency * count)) - presence;
  }
}
