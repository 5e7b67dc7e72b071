import type { DownloadLimits } from '../download/download.js';
import { defaultPixelLimit, type ImageDecoder } from '../image-decoder.js';
import { openPicture } from './open-picture.js';
import { readFrames } from './read-frames.js';
import { readUpright } from './read-rgb.js';
import type { NodeImageSource } from './read-source.js';

/** Options of {@link createSharpDecoder}. */
export interface SharpDecoderOptions extends DownloadLimits {
  /** Most pixels of a picture (default {@link defaultPixelLimit}): a defence against files that unfold enormously. */
  readonly pixelLimit?: number | undefined;
}

/** An image decoder that also reads animations. */
export type SharpDecoder = Required<ImageDecoder<NodeImageSource>>;

/**
 * Decodes JPEG, PNG, WebP, GIF, AVIF and TIFF with sharp, from a path, URL, data URL or bytes, to the pixels that
 * Pillow gives the reference: orientation applied, transparency on white, colour profiles left alone, CMYK converted
 * without one, 16-bit samples scaled to 8 bits. AVIF with subsampled colour differs slightly.
 *
 * Decoding runs in sharp's own threads. The library is loaded when the first picture asks for it.
 */
export function createSharpDecoder(options: SharpDecoderOptions = {}): SharpDecoder {
  const limits = { ...options, pixelLimit: options.pixelLimit ?? defaultPixelLimit };
  return {
    decode: async (source, decodeOptions = {}) =>
      readUpright(await openPicture(source, { ...decodeOptions, ...limits })),
    decodeFrames: async (source, decodeOptions = {}) =>
      readFrames(await openPicture(source, { ...decodeOptions, ...limits }), decodeOptions),
  };
}
