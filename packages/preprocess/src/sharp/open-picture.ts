import { MediaError, throwIfAborted } from '@vlmkit/core';
import type { Metadata, Sharp, SharpOptions } from 'sharp';
import type { DownloadLimits } from '../download/download.js';
import type { DecodeOptions } from '../image-decoder.js';
import { type ImageFormat, imageSignature, readableFormats } from '../image-signature.js';
import { loadSharp } from './load-sharp.js';
import { type NodeImageSource, readSource } from './read-source.js';

/** What a decoder accepts. */
export interface PictureLimits extends DownloadLimits {
  readonly pixelLimit: number;
}

/** A file whose header has been read and found acceptable. */
export interface OpenPicture {
  /** The file's name in messages. */
  readonly label: string;
  readonly bytes: Uint8Array;
  readonly format: ImageFormat;
  readonly metadata: Metadata;
  /** Starts a decoding. */
  read(options?: SharpOptions): Sharp;
}

/**
 * Reads a file and its header.
 *
 * @throws MediaError when it cannot be read, is no picture, or has too many pixels.
 * @throws AbortError when the signal is aborted.
 */
export async function openPicture(
  source: NodeImageSource,
  options: DecodeOptions & PictureLimits,
): Promise<OpenPicture> {
  const { signal, pixelLimit } = options;
  throwIfAborted(signal);
  const sharp = await loadSharp();
  const { bytes, label } = await readSource(source, options);
  throwIfAborted(signal);
  const { format, kind, description } = imageSignature(bytes);
  if (!format) {
    throw new MediaError(`${label} is not a picture that can be read.`, {
      expected: readableFormats,
      actual: description,
      remedy:
        kind === 'video'
          ? 'Give it as a video, or save one of its frames as PNG or JPEG.'
          : 'Give a picture, or convert it to PNG or JPEG first.',
    });
  }
  // Profiles are not applied, as the reference does not. Warnings are tolerated as it does; missing data is not.
  const fixed: SharpOptions = { ignoreIcc: true, failOn: 'error' };
  const metadata = await guardDecoding(label, () => sharp(bytes, { ...fixed, limitInputPixels: false }).metadata());
  checkPixels(label, metadata, pixelLimit);
  return {
    label,
    bytes,
    format,
    metadata,
    read: (extra = {}) => sharp(bytes, { ...fixed, limitInputPixels: pixelLimit, ...extra }),
  };
}

function checkPixels(label: string, { width, height, pageHeight = height }: Metadata, pixelLimit: number): void {
  if (width * pageHeight <= pixelLimit) return;
  throw new MediaError(`${label} has too many pixels: it may be made to exhaust memory.`, {
    expected: `at most ${pixelLimit}`,
    actual: `${width} x ${pageHeight}`,
    remedy: 'Scale it down first, or raise pixelLimit if you trust it.',
  });
}

/** Runs a decoding; what fails is the file's fault. @throws MediaError when it fails. */
export async function guardDecoding<T>(label: string, decode: () => Promise<T>): Promise<T> {
  try {
    return await decode();
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new MediaError(`${label} cannot be decoded: it is damaged, cut off or of an unusual kind.`, {
      expected: 'a whole picture',
      actual: `"${reason.trim().split('\n')[0]}"`,
      remedy: 'Open it in an image editor and save it again, or download it again.',
      cause,
    });
  }
}
