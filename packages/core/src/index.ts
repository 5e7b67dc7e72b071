export * from './errors.js';
export * from './in-order.js';
export * from './modules.js';
export * from './runtime.js';
export * from './segments.js';
export * from './tensor.js';
export * from './unless-aborted.js';
export * from './weights.js';
