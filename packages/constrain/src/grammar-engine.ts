import type * as Library from '@mlc-ai/web-xgrammar';

/** The classes of `@mlc-ai/web-xgrammar` that vlmkit uses. */
export type Xgrammar = Pick<
  typeof Library,
  'Grammar' | 'GrammarCompiler' | 'GrammarMatcher' | 'TokenizerInfo' | 'Testings'
>;

/** One instance of the grammar library, a WebAssembly module with memory of its own. */
export interface GrammarEngine {
  readonly library: Xgrammar;
  /** What the library wrote since the last call. It tells its reasons that way before it aborts. Empty when not captured. */
  takeMessages(): string;
}

/**
 * Loads an instance. Each call gives a fresh one where the environment can, since a grammar that the library rejects
 * aborts the instance that parsed it.
 */
export type LoadGrammarEngine = () => Promise<GrammarEngine>;
