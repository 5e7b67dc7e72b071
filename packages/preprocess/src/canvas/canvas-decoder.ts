import { AbortError, MediaError } from '@vlmkit/core';
import { dropAlpha } from '../channels.js';
import { type DownloadLimits, type DownloadOptions, download } from '../download/download.js';
import { defaultPixelLimit, type ImageDecoder } from '../image-decoder.js';
import { imageSignature, readableFormats } from '../image-signature.js';
import type { RgbImage } from '../rgb-image.js';

/** A URL (`http:`, `https:`, `data:` or `blob:`), a File or Blob, or the bytes of a file. */
export type WebImageSource = string | URL | Blob | Uint8Array;

/** Options of {@link createCanvasDecoder}. The limits of a download hold for URLs. */
export interface CanvasDecoderOptions extends DownloadLimits {
  /** Most pixels of a picture (default {@link defaultPixelLimit}). */
  readonly pixelLimit?: number | undefined;
}

/**
 * Decodes pictures with the browser's own decoders, in a page or a worker: whatever formats it knows, orientation
 * applied, colour profiles left alone. The canvas only carries pixels; resizing is `resizeBicubic`'s.
 *
 * Opaque PNG, WebP and GIF give the same pixels as in Node. JPEG, AVIF and partly transparent pixels may differ by small
 * amounts, as browsers decode and blend with roundings of their own.
 */
export function createCanvasDecoder(options: CanvasDecoderOptions = {}): ImageDecoder<WebImageSource> {
  const { pixelLimit = defaultPixelLimit, ...limits } = options;
  return {
    decode: async (source, { name, signal } = {}) => {
      const label = name ?? describeSource(source);
      const blob = await toBlob(source, { ...limits, name: label, signal });
      const bitmap = await openBitmap(blob, label);
      try {
        if (signal?.aborted) throw new AbortError();
        checkPixels(bitmap, label, pixelLimit);
        return readPixels(bitmap, label);
      } finally {
        bitmap.close();
      }
    },
  };
}

function describeSource(source: WebImageSource): string {
  if (source instanceof Blob) return 'name' in source && typeof source.name === 'string' ? source.name : 'The picture';
  if (source instanceof Uint8Array) return 'The picture';
  const url = String(source);
  return /^(data|blob):/i.test(url) ? 'The picture' : url;
}

async function toBlob(source: WebImageSource, options: DownloadOptions): Promise<Blob> {
  if (source instanceof Blob) return source;
  if (source instanceof Uint8Array) return new Blob([source as Uint8Array<ArrayBuffer>]);
  const remedy = 'Check the address, and that its server allows other sites to read the picture (CORS).';
  return new Blob([await download(String(source), { ...options, remedy })]);
}

async function openBitmap(blob: Blob, label: string): Promise<ImageBitmap> {
  if (blob.size === 0) {
    throw new MediaError(`${label} is empty.`, {
      expected: 'the bytes of a picture',
      actual: '0 bytes',
      remedy: 'Save or download it again.',
    });
  }
  try {
    return await createImageBitmap(blob, { imageOrientation: 'from-image', colorSpaceConversion: 'none' });
  } catch (cause) {
    const head = new Uint8Array(await blob.slice(0, 64).arrayBuffer());
    throw new MediaError(`${label} cannot be decoded by this browser.`, {
      expected: readableFormats,
      actual: imageSignature(head).description,
      remedy: 'It may be damaged or cut off; otherwise convert it to PNG or JPEG.',
      cause,
    });
  }
}

function checkPixels({ width, height }: ImageBitmap, label: string, pixelLimit: number): void {
  if (width * height <= pixelLimit) return;
  throw new MediaError(`${label} has too many pixels.`, {
    expected: `at most ${pixelLimit}`,
    actual: `${width} x ${height}`,
    remedy: 'Scale it down first, or raise pixelLimit.',
  });
}

function readPixels(bitmap: ImageBitmap, label: string): RgbImage {
  const { width, height } = bitmap;
  const context = new OffscreenCanvas(width, height).getContext('2d', { willReadFrequently: true });
  if (!context) {
    throw new MediaError(`${label} is too large for this browser's canvas.`, {
      actual: `${width} x ${height}`,
      remedy: 'Scale it down first.',
    });
  }
  context.fillStyle = 'white';
  context.fillRect(0, 0, width, height);
  context.drawImage(bitmap, 0, 0);
  return dropAlpha({ width, height, data: context.getImageData(0, 0, width, height).data });
}
