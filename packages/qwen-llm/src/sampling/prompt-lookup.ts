import { PromptError } from '@vlmkit/core';

/** How far to look and how much to propose. */
export interface PromptLookupOptions {
  /** How many of the last tokens must occur earlier, 1 or more. */
  readonly ngram: number;
  /** Most tokens to propose, 0 or more. */
  readonly maxTokens: number;
}

/**
 * Guesses the next tokens without a model: finds the latest earlier place where the last `ngram` tokens stand, and
 * proposes what followed them there (prompt-lookup decoding, Saxena 2023). Good where answers repeat their prompt,
 * such as text read from a document, keys of a JSON list or code. The model then checks all proposals in one run.
 *
 * @param history prompt and answer so far
 * @returns at most `maxTokens` ids; none when the tokens stand nowhere else
 * @throws PromptError when an option is out of range
 */
export function proposeFromPrompt(history: ArrayLike<number>, options: PromptLookupOptions): number[] {
  const { ngram, maxTokens } = options;
  if (!Number.isInteger(ngram) || ngram < 1 || !Number.isInteger(maxTokens) || maxTokens < 0) {
    throw new PromptError('Prompt lookup was asked for impossible sizes.', {
      expected: 'an ngram of 1 or more and maxTokens of 0 or more',
      actual: `ngram ${ngram}, maxTokens ${maxTokens}`,
    });
  }
  const length = history.length;
  for (let end = length - 1; end >= ngram; end--) {
    let matched = 0;
    while (matched < ngram && history[end - 1 - matched] === history[length - 1 - matched]) matched++;
    if (matched === ngram) return Array.prototype.slice.call(history, end, end + maxTokens);
  }
  return [];
}
