export { type HubCacheOptions, hubCacheFolder, resolveHubRepository } from './hub-cache.js';
export * from './open-folder.js';
