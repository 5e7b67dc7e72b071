import { createCompiler } from '../compiler.js';
import type { ConstraintCompiler } from '../constraint-state.js';
import { loadNodeGrammarEngine } from '../node/load-engine.js';
import { packVocabulary } from '../vocabulary.js';
import { paddedSize, smallTokenizer, stopIds } from './random-walk.js';

/** A compiler in this thread for the vocabulary of {@link smallTokenizer}. */
export function smallCompiler(): Promise<ConstraintCompiler> {
  const tokens = [packVocabulary(smallTokenizer())];
  return createCompiler({ loadEngine: loadNodeGrammarEngine, tokens, vocabularySize: paddedSize, stopIds });
}
