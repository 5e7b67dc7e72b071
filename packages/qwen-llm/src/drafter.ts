import { fewestManyTokens } from './decoder-input.js';
import { type PromptLookupOptions, proposeFromPrompt } from './sampling/index.js';

/** Guesses tokens for the model to confirm several in one run. */
export interface Drafter {
  /** At most `limit` guesses at what follows `history`. */
  propose(history: readonly number[], limit: number): readonly number[];
  /** Tells how many of the last guesses the model confirmed. */
  learn(confirmed: number): void;
}

/** Prompt lookup, on or off, or with sizes of its own. */
export type PromptLookup = boolean | Partial<PromptLookupOptions>;

/** Long enough to be a quotation rather than a common word. */
const defaultNgram = 3;
const defaultMaxTokens = 16;
/** A token and its guesses must not count as a long prompt, which may be computed in another way. */
const mostGuesses = fewestManyTokens - 2;

/**
 * A drafter that looks its guesses up in the prompt and the answer so far. It guesses twice as far after a guess that
 * held, and half as far after one that did not: a wrong guess costs a wider run.
 */
export function createDrafter(lookup: PromptLookup = false): Drafter {
  if (lookup === false) return { propose: () => [], learn: () => undefined };
  const { ngram = defaultNgram, maxTokens = defaultMaxTokens } = lookup === true ? {} : lookup;
  const most = Math.min(maxTokens, mostGuesses);
  let reach = Math.min(4, most);
  let proposed = 0;
  return {
    propose(history, limit) {
      const drafts = proposeFromPrompt(history, { ngram, maxTokens: Math.max(0, Math.min(reach, limit)) });
      proposed = drafts.length;
      return drafts;
    },
    learn(confirmed) {
      if (proposed === 0) return;
      reach = confirmed === proposed ? Math.min(reach * 2, most) : Math.max(1, Math.floor(reach / 2), confirmed);
    },
  };
}
