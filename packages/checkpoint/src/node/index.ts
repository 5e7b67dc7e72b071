export * from './folder-target.js';
export { type HubCacheOptions, hubCacheFolder, resolveHubRepository } from './hub-cache.js';
export * from './open-folder.js';
export { createQuantizePool, type QuantizePool } from './quantize-pool.js';
