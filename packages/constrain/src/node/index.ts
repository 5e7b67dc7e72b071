export { loadNodeGrammarEngine } from './load-engine.js';
export { createNodeConstraintCompiler, type NodeCompilerOptions } from './node-compiler.js';
