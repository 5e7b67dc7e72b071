import { throwIfAborted } from '@vlmkit/core';
import { decodePositions } from '@vlmkit/mrope';
import { nothing } from './burst-choice.js';
import type { BurstPlan } from './burst-plan.js';
import type { BurstBackboneState } from './burst-state.js';
import type { GeneratedToken, GenerateTokensOptions } from './generation.js';
import { noTokenLeft } from './sampling/sampler.js';
import { dropAfter, lastRow } from './state-helpers.js';

/** A state that decodes in bursts, and how its bursts choose. */
export interface Bursts {
  readonly state: BurstBackboneState;
  readonly plan: BurstPlan;
}

/**
 * Generates tokens, the first by the sampler from the prompt's logits, the others several a run. Leaving the loop early
 * takes back what the last burst had computed beyond.
 *
 * @throws RuntimeError when no token can follow.
 * @throws AbortError when the signal was aborted; the tokens yielded before stand.
 */
export async function* generateBursts(
  options: GenerateTokensOptions,
  { state, plan }: Bursts,
): AsyncGenerator<GeneratedToken, void, void> {
  const { promptIds, sampler, stopIds, maxNewTokens, ropeDelta, signal } = options;
  const first = sampler.next(lastRow(options.logits), { prompt: promptIds, generated: [] });
  const history = [...promptIds, first.id];
  /** Tokens of the cache that are text of the answer so far. */
  let certain = state.length;
  let chosen: readonly number[] = [first.id];
  /** A token of a burst was chosen from one fed before; the first was chosen from the prompt. */
  let fedBefore: 0 | 1 = 0;
  let count = 0;
  try {
    for (;;) {
      for (const id of chosen) {
        throwIfAborted(signal);
        if (id === nothing) throw noTokenLeft(options.logits.dims.at(-1)!);
        count += 1;
        certain += fedBefore;
        yield { id, drafted: false };
        if (count === maxNewTokens || stopIds.includes(id)) return;
      }
      const last = history.at(-1)!;
      const room = Math.min(maxNewTokens - count, state.capacity - state.length);
      // Without room the state itself says what is wrong.
      const steps = Math.max(1, Math.min(state.burstLength, room));
      const positions = decodePositions({ cacheLength: state.length, ropeDelta, count: steps });
      const choice = plan.feeds(history, steps);
      chosen = await state.burst({ tokenIds: [last], positions, choice }, signal ? { signal } : {});
      fedBefore = 1;
      history.push(...chosen);
    }
  } finally {
    dropAfter(state, certain);
  }
}
