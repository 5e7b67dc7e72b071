export { createNodeMedia, type NodeMediaOptions } from './create-node-media.js';
