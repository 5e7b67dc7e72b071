import type { CompiledGrammar, Grammar as ParsedGrammar } from '@mlc-ai/web-xgrammar';
import { PromptError } from '@vlmkit/core';
import { type GrammarText, grammarText } from './constraint.js';
import type { ConstraintCompiler, ConstraintState } from './constraint-state.js';
import type { GrammarEngine, LoadGrammarEngine, Xgrammar } from './grammar-engine.js';
import { createMatcherState } from './matcher-state.js';
import { withOwnRules } from './schema/own-rules.js';
import { byteLevelTokens, type PackedVocabulary } from './vocabulary.js';

/** What a compiler needs. */
export interface CompilerOptions {
  readonly loadEngine: LoadGrammarEngine;
  /** The vocabulary from id 0, in one piece or several. */
  readonly tokens: readonly PackedVocabulary[];
  /** Length of a row of logits: the vocabulary with its padding. */
  readonly vocabularySize: number;
  /** Ids that end an answer, allowed where the constraint is fulfilled. */
  readonly stopIds: readonly number[];
}

/** Compiled constraints kept. One of a large vocabulary takes a few megabytes. */
const keptGrammars = 16;

/**
 * Creates a compiler that runs in this thread.
 *
 * @throws PromptError when there is no stop id, or one beyond the vocabulary: a constrained answer could never end
 * @throws RuntimeError when the grammar library does not load
 */
export async function createCompiler(options: CompilerOptions): Promise<ConstraintCompiler> {
  const { loadEngine, vocabularySize } = options;
  const stopIds = checkedStopIds(options);
  const { library } = await loadEngine();
  const info = await library.TokenizerInfo.createTokenizerInfo(
    options.tokens.flatMap(byteLevelTokens),
    'byte_level',
    false,
    vocabularySize,
    stopIds,
  );
  // The library's own cache has no limit.
  const compiler = await library.GrammarCompiler.createGrammarCompiler(info, false);
  const compiled = new Map<string, CompiledGrammar>();
  const states = new Set<ConstraintState>();
  let parser: GrammarEngine | undefined;

  /** Parses in an instance apart: a rejected grammar aborts the instance, and must not take running answers with it. */
  async function check(text: GrammarText): Promise<void> {
    parser ??= await loadEngine();
    try {
      (await parse(parser.library, text)).dispose();
    } catch (cause) {
      const reason = readableReason(parser.takeMessages());
      parser = undefined;
      throw new PromptError('The constraint cannot be compiled.', {
        ...(reason && { actual: reason.replace(/\.$/, '') }),
        remedy: 'Keep to what the grammar library supports, and check names and brackets.',
        cause,
      });
    }
  }

  async function compiledGrammar(text: GrammarText): Promise<CompiledGrammar> {
    const key = JSON.stringify(text);
    let grammar = compiled.get(key);
    if (grammar === undefined) {
      await check(text);
      const parsed = await parse(library, text);
      grammar = await compiler.compileGrammar(parsed);
      parsed.dispose();
    }
    compiled.delete(key);
    compiled.set(key, grammar);
    for (const [oldest, unused] of compiled) {
      if (compiled.size <= keptGrammars) break;
      compiled.delete(oldest);
      unused.dispose();
    }
    return grammar;
  }

  return {
    async compile(constraint) {
      const grammar = await compiledGrammar(grammarText(constraint));
      const matcher = await library.GrammarMatcher.createGrammarMatcher(grammar);
      const state = createMatcherState(matcher, { vocabularySize, onDispose: () => states.delete(state) });
      states.add(state);
      return state;
    },
    async dispose() {
      for (const state of states) state.dispose();
      for (const grammar of compiled.values()) grammar.dispose();
      compiled.clear();
      compiler.dispose();
      info.dispose();
    },
  };
}

/** The library's grammar of a constraint. */
async function parse({ Grammar, Testings }: Xgrammar, text: GrammarText): Promise<ParsedGrammar> {
  switch (text.kind) {
    case 'schema': {
      const layout = layoutOf(text.maxWhitespace);
      if (text.rules.length === 0) return Grammar.fromJSONSchema(text.text, ...layout);
      // In two steps, where fromJSONSchema takes one. The first is nowhere else in the library's interface.
      const ebnf = await Testings._jsonSchemaToEBNF(text.text, ...layout);
      return Grammar.fromEBNF(withOwnRules(ebnf, text.rules));
    }
    case 'regex':
      return Grammar.fromStructuralTag({ type: 'regex', pattern: text.text });
    case 'ebnf':
      return Grammar.fromEBNF(text.text);
  }
}

type Layout = [
  anyWhitespace: boolean,
  indent: number,
  separators: [string, string] | undefined,
  strict: boolean,
  maxWhitespace: number | undefined,
];

/** What the library is told of white space; an indent of -1 keeps to one line. No keys but the schema's are allowed. */
function layoutOf(maxWhitespace: number): Layout {
  return maxWhitespace === 0 ? [false, -1, [',', ':'], true, undefined] : [true, -1, undefined, true, maxWhitespace];
}

function checkedStopIds({ stopIds, vocabularySize }: CompilerOptions): number[] {
  if (stopIds.length > 0 && stopIds.every((id) => Number.isSafeInteger(id) && id >= 0 && id < vocabularySize)) {
    return [...stopIds];
  }
  throw new PromptError('A constrained answer needs stop ids of its vocabulary to end.', {
    expected: `one id or more below ${vocabularySize}`,
    actual: `[${stopIds.join(', ')}]`,
  });
}

/** The library's last complaint, without the places in its source and in a pattern, which it has in another form. */
function readableReason(messages: string): string {
  const fatal = messages.split('\n').findLast((line) => line.includes('[FATAL]')) ?? '';
  const reason = fatal.replace(/^.*\[FATAL\]\s*\S*:\d+:\s*/, '').trim();
  return reason.replace(/^Regex parsing error at position \d+: /, 'Regular expressions: ');
}
