export { type GroundingConstraint, groundingGrammar } from './boxes.js';
export { type CompilerOptions, createCompiler } from './compiler.js';
export type {
  Constraint,
  ConstraintSpec,
  GrammarConstraint,
  JsonConstraint,
  JsonSchema,
  JsonSchemaSource,
  RegexConstraint,
} from './constraint.js';
export type { ConstraintCompiler, ConstraintState } from './constraint-state.js';
export type { GrammarEngine, LoadGrammarEngine, Xgrammar } from './grammar-engine.js';
export { type PackedVocabulary, packVocabulary, type Vocabulary } from './vocabulary.js';
