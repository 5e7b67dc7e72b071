export * from './paths.js';
export * from './samples.js';
