import type { TokenHistory } from './history.js';
import { checkBiasedIds, type ResolvedSampling } from './options.js';
import { applyOccurrencePenalties, applyRepetitionPenalty, createTokenCounter } from './penalties.js';
import { applyTokenMask, type TokenMask } from './token-mask.js';

/** The steps before temperature, which greedy decoding takes too. */
export interface ScoreAdjuster {
  /**
   * The scores after logit bias, repetition, frequency and presence penalty and the mask. `logits` itself stays as it
   * is, and is returned when nothing changes it; otherwise the result holds until the next call.
   */
  adjust(logits: Float32Array, history: TokenHistory, mask?: TokenMask): Float32Array;
}

/**
 * An adjuster for rows of `vocabularySize` logits.
 *
 * @throws PromptError for a bias beyond the vocabulary
 */
export function createScoreAdjuster(vocabularySize: number, options: ResolvedSampling): ScoreAdjuster {
  const { repetitionPenalty, frequencyPenalty, presencePenalty } = options;
  checkBiasedIds(options, vocabularySize);
  // A bias is float32 before it is added, as in the reference: the last bit of the score depends on it.
  const bias = options.logitBias.map(([id, value]) => [id, Math.fround(value)] as const);
  const repeats = repetitionPenalty !== 1;
  const occurs = frequencyPenalty !== 0 || presencePenalty !== 0;
  const counter = createTokenCounter(repeats || occurs ? vocabularySize : 0);
  let scratch: Float32Array | undefined;
  return {
    adjust(logits, history, mask) {
      if (bias.length === 0 && !repeats && !occurs && mask === undefined) return logits;
      scratch ??= new Float32Array(vocabularySize);
      const scores = scratch;
      scores.set(logits);
      for (const [id, value] of bias) scores[id]! += value;
      if (repeats) applyRepetitionPenalty(scores, history, { penalty: repetitionPenalty, counter });
      if (occurs) {
        const amounts = { frequency: frequencyPenalty, presence: presencePenalty, counter };
        applyOccurrencePenalties(scores, history.generated, amounts);
      }
      if (mask !== undefined) applyTokenMask(scores, mask);
      return scores;
    },
  };
}
