import { loadNodeGrammarEngine } from '../node/load-engine.js';
import type { JsonSchema } from '../schema/json-schema.js';
import { withOwnRules } from '../schema/own-rules.js';
import { supportedSchema } from '../schema/supported-schema.js';

/** Tells the texts of some that a schema allows, whatever tokens they would be of. */
export type AllowedTexts = (schema: JsonSchema, texts: readonly string[]) => Promise<readonly string[]>;

/** Loads the grammar library. It is quick where many texts are tried on one schema. */
export async function loadAllowedTexts(): Promise<AllowedTexts> {
  const { library } = await loadNodeGrammarEngine();
  const info = await library.TokenizerInfo.createTokenizerInfo(['0']);
  const compiler = await library.GrammarCompiler.createGrammarCompiler(info, false);
  return async (given, texts) => {
    const { schema, rules } = supportedSchema(given);
    const ebnf = await library.Testings._jsonSchemaToEBNF(JSON.stringify(schema));
    const grammar = await compiler.compileGrammar(withOwnRules(ebnf, rules));
    const matcher = await library.GrammarMatcher.createGrammarMatcher(grammar, undefined, true);
    const found = texts.filter((text) => {
      matcher.reset();
      return matcher._acceptString(text) && matcher.isTerminated();
    });
    matcher.dispose();
    grammar.dispose();
    return found;
  };
}
