export * from './config.js';
export * from './encoder.js';
export * from './memory-plan.js';
export * from './page-layout.js';
export type { VitPrecision } from './precision.js';
export { buildVitGraph, type VitGraphInput } from './vit-graph.js';
