export * from './preprocess-pool.js';
