export * from './web-video-decoder.js';
