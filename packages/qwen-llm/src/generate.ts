import { type AbortSignalLike, type BackboneState, PromptError, type Tensor, throwIfAborted } from '@vlmkit/core';
import { decodePositions } from '@vlmkit/mrope';
import { type Bursts, generateBursts } from './burst-generate.js';
import { createBurstPlan } from './burst-plan.js';
import { isBurstState } from './burst-state.js';
import type { TokenConstraint } from './constraint.js';
import { createDrafter, type PromptLookup } from './drafter.js';
import type { SampledToken, Sampler, SamplingOptions } from './sampling/index.js';
import { dropAfter, lastRow } from './state-helpers.js';
import { createTokenChooser } from './token-chooser.js';

/** What a generation goes on from. */
export interface GenerateTokensOptions {
  /** The state after the prompt's prefill. */
  readonly state: BackboneState;
  /** [n, vocabulary] logits of the prefill; the last row chooses the first token. */
  readonly logits: Tensor<'float32'>;
  /** Ids of the prompt. */
  readonly promptIds: readonly number[];
  /** `ropeDelta` of the prompt's positions: a token's position is its cache slot plus this. */
  readonly ropeDelta: number;
  readonly sampler: Sampler;
  /** What the sampler was made of. With it, a device that decodes in bursts may choose tokens itself, as the sampler would. */
  readonly sampling?: SamplingOptions;
  /** Ids that end the answer. They are yielded, and not fed back. */
  readonly stopIds: readonly number[];
  readonly maxNewTokens: number;
  /** Form that the answer must have. */
  readonly constraint?: TokenConstraint;
  /**
   * Guess tokens from earlier text and let one run of the model confirm several (default false). The tokens are the
   * same as without; it pays where answers repeat their prompt.
   */
  readonly promptLookup?: PromptLookup;
  readonly signal?: AbortSignalLike;
}

/** A token of an answer. */
export interface GeneratedToken extends SampledToken {
  /** It confirmed a guess, and so needed no run of its own. */
  readonly drafted: boolean;
}

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
      actual: `${maxNewTokens}`,
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
