export * from './canvas-decoder.js';
