import { createCompiler } from '../compiler.js';
import type { ConstraintCompiler } from '../constraint-state.js';
import { packVocabulary, type Vocabulary } from '../vocabulary.js';
import { loadWebGrammarEngine } from './load-engine.js';

/** What a compiler needs. */
export interface WebCompilerOptions {
  /** The tokenizer's tokens; a `Tokenizer` of `@vlmkit/tokenizer` fits. */
  readonly vocabulary: Vocabulary;
  /** Length of a row of logits, at least the tokenizer's size (default: that size). */
  readonly vocabularySize?: number | undefined;
  /** Ids that end an answer. */
  readonly stopIds: readonly number[];
}

/**
 * Creates a compiler in the browser, in the thread that calls. Setting up a vocabulary of 150,000 tokens takes most of
 * a second: call it in a worker where the page must stay smooth.
 *
 * @throws PromptError when there is no stop id; RuntimeError when the grammar library does not load
 */
export function createWebConstraintCompiler(options: WebCompilerOptions): Promise<ConstraintCompiler> {
  const { vocabulary, stopIds, vocabularySize = vocabulary.vocabularySize } = options;
  return createCompiler({
    loadEngine: loadWebGrammarEngine,
    tokens: [packVocabulary(vocabulary)],
    vocabularySize,
    stopIds,
  });
}
