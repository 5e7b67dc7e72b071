export { type CompilerOptions, createCompiler } from './compiler.js';
export type {
  Constraint,
  ConstraintSpec,
  GrammarConstraint,
  JsonConstraint,
  JsonSchemaSource,
  RegexConstraint,
} from './constraint.js';
export type { ConstraintCompiler, ConstraintState } from './constraint-state.js';
export type { GrammarEngine, LoadGrammarEngine, Xgrammar } from './grammar-engine.js';
export { type GroundingConstraint, groundingGrammar } from './grounding-grammar.js';
export type { JsonSchema } from './schema/json-schema.js';
export { type PackedVocabulary, packVocabulary, type Vocabulary } from './vocabulary.js';
