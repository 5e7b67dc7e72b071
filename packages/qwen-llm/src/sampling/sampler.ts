import { RuntimeError } from '@vlmkit/core';
import { allowedRanges, type IdRanges } from './allowed-ids.js';
import { type CandidateSelector, type Candidates, createCandidateSelector } from './candidates.js';
import type { TokenHistory } from './history.js';
import { logSumExp, type TokenLogprob, topLogprobs } from './log-probabilities.js';
import { type ResolvedSampling, resolveSampling, type SamplingOptions } from './options.js';
import { createRandom, nextUniform, type RandomState } from './random.js';
import { createScoreAdjuster, type ScoreAdjuster } from './score-adjuster.js';
import { argmax } from './selection.js';
import type { TokenMask } from './token-mask.js';

/** A chosen token. */
export interface SampledToken {
  readonly id: number;
  /** With `logprobs`: its log-probability under the model, before penalties, temperature and cuts. */
  readonly logprob?: number;
  /** With `topLogprobs`: the likeliest tokens under the model, likeliest first. */
  readonly top?: readonly TokenLogprob[];
}

/** Chooses the tokens of one request. */
export interface Sampler {
  /** Seed of the draws, for repeating them. */
  readonly seed: number;
  /**
   * Chooses the token that follows `history`.
   *
   * @param logits [vocabulary], left as they are
   * @param history tokens that penalties look at
   * @param mask tokens that a constraint allows; all when left out
   * @throws RuntimeError when no token is left: every allowed score is -Infinity or NaN
   */
  next(logits: Float32Array, history: TokenHistory, mask?: TokenMask): SampledToken;
}

/** What a sampler reserves for rows of one length. */
interface Workspace {
  readonly size: number;
  readonly ranges: IdRanges;
  readonly adjuster: ScoreAdjuster;
  /** Absent when greedy. */
  readonly selector: CandidateSelector | undefined;
}

/**
 * Creates the sampler of one request.
 *
 * @throws PromptError when an option is out of range
 */
export function createSampler(options: SamplingOptions = {}): Sampler {
  const resolved = resolveSampling(options);
  const seed = resolved.seed ?? Math.floor(Math.random() * 2 ** 32);
  const random = createRandom(seed);
  let workspace: Workspace | undefined;
  return {
    seed,
    next(logits, history, mask) {
      if (workspace?.size !== logits.length) workspace = createWorkspace(logits.length, resolved);
      const { ranges, adjuster, selector } = workspace;
      const scores = adjuster.adjust(logits, history, mask);
      const id = selector === undefined ? argmax(scores, ranges) : draw(selector.select(scores, ranges), random);
      if (id < 0) throw noTokenLeft(logits.length);
      return describe(id, logits, resolved);
    },
  };
}

/** What is thrown where no token of a vocabulary can be chosen. */
export function noTokenLeft(vocabularySize: number): RuntimeError {
  return new RuntimeError('No token can follow: no allowed token has a score above -Infinity.', {
    expected: `finite logits for some of the ${vocabularySize} tokens that are neither banned nor masked`,
    remedy: 'Check the bans, the bias and the constraint; NaN logits come from an overflow in the graph.',
  });
}

function createWorkspace(size: number, options: ResolvedSampling): Workspace {
  return {
    size,
    ranges: allowedRanges(size, options),
    adjuster: createScoreAdjuster(size, options),
    selector: options.doSample ? createCandidateSelector(size, options) : undefined,
  };
}

/** Draws a candidate in proportion to its weight; -1 when there is none. */
function draw({ count, ids, weights }: Candidates, random: RandomState): number {
  let total = 0;
  for (let i = 0; i < count; i++) total += weights[i]!;
  // One draw for each token, even when only one candidate is left: later draws do not depend on how many there were.
  let rest = nextUniform(random) * total;
  let drawn = -1;
  for (let i = 0; i < count; i++) {
    const weight = weights[i]!;
    if (weight === 0) continue;
    drawn = ids[i]!;
    rest -= weight;
    if (rest < 0) break;
  }
  return drawn;
}

function describe(id: number, logits: Float32Array, options: ResolvedSampling): SampledToken {
  if (options.topLogprobs > 0) {
    const top = topLogprobs(logits, options.topLogprobs);
    // The normaliser follows from any entry, without another pass.
    const normaliser = logits[top[0]!.id]! - top[0]!.logprob;
    return options.logprobs ? { id, logprob: logits[id]! - normaliser, top } : { id, top };
  }
  return options.logprobs ? { id, logprob: logits[id]! - logSumExp(logits) } : { id };
}
