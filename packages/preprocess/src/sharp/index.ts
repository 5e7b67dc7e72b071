export { createSharpDecoder, type SharpDecoderOptions } from './sharp-decoder.js';
export type { NodeImageSource } from './read-source.js';
