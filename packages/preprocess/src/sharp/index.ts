export type { NodeImageSource } from './read-source.js';
export * from './sharp-decoder.js';
