export * from './config.js';
export * from './encoder.js';
export * from './page-layout.js';
export { buildVitGraph, type VitGraphInput } from './vit-graph.js';
