import { checkOption as check, isBetween, isCount } from './check-option.js';

/**
 * How the next token is chosen. Every field may be left out; the defaults choose the most likely token.
 *
 * The steps run in the order in which Hugging Face's `generate` applies them: `logitBias`, `repetitionPenalty`,
 * `frequencyPenalty`, `presencePenalty`, `bannedIds` and the token mask, then, when sampling, `temperature`, `topK`,
 * `topP`, `minP`.
 */
export interface SamplingOptions {
  /**
   * Draw from the distribution rather than take its maximum. By default true when `temperature` is given and above 0,
   * false otherwise. A temperature of 0 always means greedy.
   */
  readonly doSample?: boolean | undefined;
  /** Divides the scores, 0 or more: below 1 sharpens, above 1 flattens, 0 is greedy (default 1 when `doSample` is set). */
  readonly temperature?: number | undefined;
  /** Keep the k highest scores and what equals the k-th; 0 keeps all (default 0). */
  readonly topK?: number | undefined;
  /** Keep the fewest tokens whose probabilities reach this sum, in [0, 1], one at least; 1 keeps all (default 1). */
  readonly topP?: number | undefined;
  /** Keep tokens at least this fraction as likely as the likeliest, in [0, 1]; 0 keeps all (default 0). */
  readonly minP?: number | undefined;
  /**
   * Divides positive and multiplies negative scores of every token of prompt and answer, above 0; 1 is none (default 1).
   * Keskar et al., "CTRL" (2019), section 4.1.
   */
  readonly repetitionPenalty?: number | undefined;
  /** Subtracted once from the score of every token of the answer so far, in [-2, 2] (default 0). */
  readonly presencePenalty?: number | undefined;
  /** Subtracted from the score of a token for each time it stands in the answer so far, in [-2, 2] (default 0). */
  readonly frequencyPenalty?: number | undefined;
  /** Added to the scores of single tokens of the vocabulary, by id. -Infinity forbids a token. */
  readonly logitBias?: Readonly<Record<number, number>> | undefined;
  /** Ids never chosen, such as those that stand for images and videos in a prompt. */
  readonly bannedIds?: readonly number[] | undefined;
  /** Ids that the tokenizer knows. Logits at and beyond it, padding of the vocabulary, are never chosen. */
  readonly tokenizerSize?: number | undefined;
  /** Seed of the draws, an integer of 0 or more: same seed, same logits, same tokens. Random when left out. */
  readonly seed?: number | undefined;
  /** Also return the log-probability of the chosen token (default false). */
  readonly logprobs?: boolean | undefined;
  /** Also return this many most likely tokens with their log-probabilities, the whole vocabulary at most (default 0). */
  readonly topLogprobs?: number | undefined;
}

/** {@link SamplingOptions} with every default filled in. */
export interface ResolvedSampling {
  /** False: take the maximum, and ignore temperature, topK, topP and minP. */
  readonly doSample: boolean;
  readonly temperature: number;
  readonly topK: number;
  readonly topP: number;
  readonly minP: number;
  readonly repetitionPenalty: number;
  readonly presencePenalty: number;
  readonly frequencyPenalty: number;
  /** Ids and what is added to their scores. */
  readonly logitBias: readonly (readonly [id: number, bias: number])[];
  readonly bannedIds: readonly number[];
  /** `Infinity` when every logit belongs to a token. */
  readonly tokenizerSize: number;
  readonly seed: number | undefined;
  readonly logprobs: boolean;
  readonly topLogprobs: number;
}

/** Below this, division by the temperature would overflow float32; the result is the maximum anyway. */
const coldest = 1e-30;
/** Below this, top-p keeps nothing but the likeliest token; above 0 in float32 too, it does not keep less. */
const leastTopP = 1e-30;
/** The greatest float32. */
const greatestFloat = (2 - 2 ** -23) * 2 ** 127;

/**
 * Checks options and fills in defaults.
 *
 * @param vocabularySize logits in a row, where it is known
 * @throws PromptError naming the option that is out of range.
 */
export function resolveSampling(options: SamplingOptions = {}, vocabularySize?: number): ResolvedSampling {
  const given = options.temperature;
  const temperature = given ?? 1;
  const doSample = options.doSample ?? given !== undefined;
  check('doSample', doSample, typeof doSample === 'boolean', 'true or false');
  const resolved: ResolvedSampling = {
    doSample: doSample && temperature >= coldest,
    temperature,
    topK: options.topK ?? 0,
    topP: options.topP ?? 1,
    minP: options.minP ?? 0,
    repetitionPenalty: options.repetitionPenalty ?? 1,
    presencePenalty: options.presencePenalty ?? 0,
    frequencyPenalty: options.frequencyPenalty ?? 0,
    logitBias: Object.entries(options.logitBias ?? {}).map(([id, bias]) => [Number(id), bias] as const),
    bannedIds: options.bannedIds ?? [],
    tokenizerSize: options.tokenizerSize ?? Number.POSITIVE_INFINITY,
    seed: options.seed,
    logprobs: options.logprobs ?? false,
    topLogprobs: options.topLogprobs ?? 0,
  };
  checkResolved(resolved);
  if (vocabularySize !== undefined) checkBiasedIds(resolved, vocabularySize);
  return { ...resolved, topP: Math.max(resolved.topP, leastTopP) };
}

/** @throws PromptError when a token has a bias that the vocabulary does not have. */
export function checkBiasedIds({ logitBias }: ResolvedSampling, vocabularySize: number): void {
  const expected = `ids below ${vocabularySize}, the size of the vocabulary`;
  for (const [id] of logitBias) check('logitBias', id, id < vocabularySize, expected);
}

function checkResolved(options: ResolvedSampling): void {
  const { temperature, topK, topP, minP, repetitionPenalty, presencePenalty, frequencyPenalty, seed } = options;
  const { tokenizerSize, logprobs, topLogprobs } = options;
  check('temperature', temperature, isBetween(temperature, 0, Number.MAX_VALUE), 'a number of 0 or more');
  check('topK', topK, isCount(topK), 'an integer of 0 (all) or more');
  check('topP', topP, isBetween(topP, 0, 1), 'a number from 0 to 1');
  check('minP', minP, isBetween(minP, 0, 1), 'a number from 0 to 1');
  const finitePenalty = isBetween(repetitionPenalty, Number.MIN_VALUE, Number.MAX_VALUE);
  check('repetitionPenalty', repetitionPenalty, finitePenalty, 'a number above 0');
  check('presencePenalty', presencePenalty, isBetween(presencePenalty, -2, 2), 'a number from -2 to 2');
  check('frequencyPenalty', frequencyPenalty, isBetween(frequencyPenalty, -2, 2), 'a number from -2 to 2');
  for (const [id, bias] of options.logitBias) {
    check('logitBias', id, isCount(id), 'token ids as keys');
    const finite = isBetween(bias, Number.NEGATIVE_INFINITY, greatestFloat);
    check(`logitBias[${id}]`, bias, finite, 'a number that float32 can hold, or -Infinity');
  }
  for (const id of options.bannedIds) check('bannedIds', id, isCount(id), 'token ids');
  const knowsAny = tokenizerSize === Number.POSITIVE_INFINITY || (isCount(tokenizerSize) && tokenizerSize > 0);
  check('tokenizerSize', tokenizerSize, knowsAny, 'a count of 1 or more');
  check('seed', seed, seed === undefined || isCount(seed), 'an integer from 0 to 2^53 - 1');
  check('logprobs', logprobs, typeof logprobs === 'boolean', 'true or false');
  check('topLogprobs', topLogprobs, isCount(topLogprobs), 'a count of 0 or more');
}
