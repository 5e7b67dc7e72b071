import { PromptError, shownValue, type Tensor, throwIfAborted } from '@vlmkit/core';
import { decodePositions } from '@vlmkit/mrope';
import { type Bursts, generateBursts } from './burst-generate.js';
import { createBurstPlan } from './burst-plan.js';
import { isBurstState } from './burst-state.js';
import { createDrafter } from './drafter.js';
import type { GeneratedToken, GenerateTokensOptions } from './generation.js';
import { dropAfter, lastRow } from './state-helpers.js';
import { createTokenChooser } from './token-chooser.js';

/**
 * Generates tokens. After each token that is not the last, the model runs once, and confirms what was guessed; leaving
 * the loop early (a stop string, a closed stream) costs no further run.
 *
 * ```
 * fed to one run     last, draft 0, draft 1, draft 2
 * rows of logits       0      1        2        3
 * chosen from them   draft 0, draft 1, other              rows after the first disagreement are worth nothing
 * kept in the cache  last, draft 0, draft 1
 * ```
 *
 * @throws AbortError when the signal was aborted; the tokens yielded before stand. PromptError when `maxNewTokens` is no count.
 */
export async function* generateTokens(options: GenerateTokensOptions): AsyncGenerator<GeneratedToken, void, void> {
  const { maxNewTokens } = options;
  if (!(maxNewTokens >= 0) || (maxNewTokens % 1 !== 0 && maxNewTokens !== Number.POSITIVE_INFINITY)) {
    throw new PromptError('maxNewTokens is out of range.', {
      expected: 'a count of 0 or more',
      actual: shownValue(maxNewTokens),
    });
  }
  if (maxNewTokens === 0) return;
  const bursts = burstsFor(options);
  yield* bursts ? generateBursts(options, bursts) : generateSteps(options);
}

/** A burst chooses without a look at the host: constraints and guesses need one after each token. */
function burstsFor(options: GenerateTokensOptions): Bursts | undefined {
  const { state, sampling, sampler, stopIds, constraint, promptLookup } = options;
  if (!isBurstState(state) || !sampling || constraint || promptLookup) return undefined;
  const vocabularySize = options.logits.dims.at(-1)!;
  const plan = createBurstPlan({ sampling, seed: sampler.seed, vocabularySize, stopIds });
  return plan && { state, plan };
}

async function* generateSteps(options: GenerateTokensOptions): AsyncGenerator<GeneratedToken, void, void> {
  const { state, stopIds, maxNewTokens, ropeDelta, signal } = options;
  const chooser = createTokenChooser(options.sampler, options.constraint);
  const drafter = createDrafter(options.promptLookup);
  const generated: number[] = [];
  const history = [...options.promptIds];
  let rows = [lastRow(options.logits)];
  let drafts: readonly number[] = [];
  /** Tokens of the cache that are text; guesses lie behind them. */
  let certain = state.length;
  try {
    for (;;) {
      for (const [i, logits] of rows.entries()) {
        throwIfAborted(signal);
        const token = await chooser.next(logits, { prompt: options.promptIds, generated });
        const drafted = i > 0;
        generated.push(token.id);
        history.push(token.id);
        yield { ...token, drafted };
        if (generated.length === maxNewTokens || stopIds.includes(token.id)) return;
        if (token.id !== drafts[i]) {
          drafter.learn(i);
          break;
        }
        certain += 1;
      }
      dropAfter(state, certain);
      // One token must find room, and the last of the answer is never fed.
      const room = Math.min(state.capacity - state.length, maxNewTokens - generated.length) - 1;
      drafts = drafter.propose(history, room);
      const tokenIds = [history.at(-1)!, ...drafts];
      const positions = decodePositions({ cacheLength: state.length, ropeDelta, count: tokenIds.length });
      const logitRows = tokenIds.length;
      const result = await state.forward({ tokenIds, positions }, { logitRows, ...(signal && { signal }) });
      certain += 1;
      rows = eachRow(result.logits);
    }
  } finally {
    dropAfter(state, certain);
  }
}

function eachRow({ dims, data }: Tensor<'float32'>): Float32Array[] {
  const [count = 0, vocabulary = 0] = dims;
  return Array.from({ length: count }, (_, i) => data.subarray(i * vocabulary, (i + 1) * vocabulary));
}
