import { type Feed, int64, type Tensor, tensor } from '@vlmkit/core';
import { type ResolvedSampling, resolveSampling, type SamplingOptions } from './sampling/index.js';
import { createRandom, nextUniform, type RandomState } from './sampling/random.js';

/** Most candidates that a graph sorts for each token. */
const mostCandidates = 1024;

/** How the tokens of one answer are chosen in bursts. */
export interface BurstPlan {
  /** Inputs of the graph that choose the next `count` tokens. */
  feeds(history: readonly number[], count: number): Readonly<Record<string, Feed>>;
}

/** What decides whether a burst can choose as the host's sampler would. */
export interface BurstPlanOptions {
  readonly sampling: SamplingOptions;
  /** Seed of the sampler that chose the first token. */
  readonly seed: number;
  readonly vocabularySize: number;
  readonly stopIds: readonly number[];
}

/**
 * Translates sampling options into the graph's terms.
 *
 * @returns undefined where the graph cannot choose as the host does: log-probabilities, presence and frequency penalties,
 *   and sampling without a small top-k
 */
export function createBurstPlan({ sampling, seed, vocabularySize, stopIds }: BurstPlanOptions): BurstPlan | undefined {
  const options = resolveSampling(sampling);
  if (!fits(options, vocabularySize)) return undefined;
  const random = createRandom(seed);
  // The first token, chosen by the sampler, took the first number.
  nextUniform(random);
  const topK = options.doSample ? Math.min(options.topK, vocabularySize) : 1;
  const fixed = {
    logit_bias: biasOf(options, vocabularySize),
    repetition_penalty: scalar(options.repetitionPenalty),
    bans: bansOf(options, vocabularySize),
    temperature: scalar(options.doSample ? options.temperature : 1),
    // Of equally likely tokens, the greedy choice is the lowest id: what a draw of 0 finds.
    top_k: int64([1], [topK]),
    top_k_and_next: int64([1], [Math.min(topK + 1, vocabularySize)]),
    top_p: scalar(options.doSample ? options.topP : 1),
    min_p: scalar(options.doSample ? options.minP : 0),
    stop_ids: int64([Math.max(1, stopIds.length)], stopIds.length > 0 ? stopIds : [-1]),
  };
  return {
    feeds: (history, count) => ({
      ...fixed,
      steps: int64([], [count]),
      seen: seenTokens(options.repetitionPenalty === 1 ? [] : history, vocabularySize),
      uniforms: tensor(
        'float32',
        [count],
        Float32Array.from({ length: count }, () => (options.doSample ? drawOf(random) : 0)),
      ),
    }),
  };
}

/** Inputs for a run of one iteration, whose choice is not looked at. */
export function singleStepFeeds(vocabularySize: number): Readonly<Record<string, Feed>> {
  const plan = createBurstPlan({ sampling: {}, seed: 0, vocabularySize, stopIds: [] });
  return plan!.feeds([], 1);
}

/** In float32 the largest draws would round to 1, which none may be. */
function drawOf(random: RandomState): number {
  return Math.min(nextUniform(random), 1 - 2 ** -24);
}

function fits(options: ResolvedSampling, vocabularySize: number): boolean {
  const { doSample, topK, logprobs, topLogprobs, presencePenalty, frequencyPenalty } = options;
  if (logprobs || topLogprobs > 0 || presencePenalty !== 0 || frequencyPenalty !== 0) return false;
  return !doSample || (topK > 0 && Math.min(topK, vocabularySize) <= mostCandidates);
}

function biasOf({ logitBias }: ResolvedSampling, vocabularySize: number): Tensor<'float32'> {
  if (logitBias.length === 0) return tensor('float32', [1], new Float32Array(1));
  const data = new Float32Array(vocabularySize);
  for (const [id, bias] of logitBias) if (id < vocabularySize) data[id] = bias;
  return tensor('float32', [vocabularySize], data);
}

function bansOf({ bannedIds, tokenizerSize }: ResolvedSampling, vocabularySize: number): Tensor<'float32'> {
  if (bannedIds.length === 0 && tokenizerSize >= vocabularySize) return tensor('float32', [1], new Float32Array(1));
  const data = new Float32Array(vocabularySize);
  for (const id of bannedIds) if (id < vocabularySize) data[id] = Number.NEGATIVE_INFINITY;
  if (tokenizerSize < vocabularySize) data.fill(Number.NEGATIVE_INFINITY, tokenizerSize);
  return tensor('float32', [vocabularySize], data);
}

function seenTokens(history: readonly number[], vocabularySize: number): Tensor<'bool'> {
  const data = new Uint8Array(vocabularySize);
  for (const id of history) data[id] = 1;
  return tensor('bool', [vocabularySize], data);
}

function scalar(value: number): Tensor<'float32'> {
  return tensor('float32', [], Float32Array.of(value));
}
