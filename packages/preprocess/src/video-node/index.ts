export * from './contact-sheet.js';
export * from './node-video-decoder.js';
