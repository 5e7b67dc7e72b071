export * from './batch.js';
export * from './rope-index.js';
export * from './rotary-tables.js';
export * from './vision-rotary.js';
