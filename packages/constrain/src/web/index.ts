export { loadWebGrammarEngine } from './load-engine.js';
export { createWebConstraintCompiler, type WebCompilerOptions } from './web-compiler.js';
