import { MediaError, throwIfAborted } from '@vlmkit/core';
import type { Sharp, SharpOptions } from 'sharp';
import { compositeOnWhite } from '../composite-on-white.js';
import {
  type AnimationFrame,
  type DecodeFramesOptions,
  type DecodeOptions,
  defaultPixelLimit,
  type ImageDecoder,
} from '../image-decoder.js';
import type { RgbImage } from '../rgb-image.js';
import { loadSharp } from './load-sharp.js';
import { type NodeImageSource, readSource } from './read-source.js';

/** Options of {@link createSharpDecoder}. */
export interface SharpDecoderOptions {
  /** Most pixels of a picture; a defence against small files that unfold into enormous pictures. */
  readonly pixelLimit?: number;
}

/**
 * Decodes JPEG, PNG, WebP, GIF, AVIF and TIFF with sharp, from a path, URL, data URL or bytes. Colour profiles are not
 * applied, as the reference does not; 16-bit samples are scaled to 8.
 */
export function createSharpDecoder({ pixelLimit = defaultPixelLimit }: SharpDecoderOptions = {}): ImageDecoder<NodeImageSource> {
  const open = async (source: NodeImageSource, options: DecodeOptions): Promise<OpenPicture> => {
    throwIfAborted(options.signal);
    const sharp = await loadSharp();
    const { bytes, label } = await readSource(source, options);
    throwIfAborted(options.signal);
    return { label, pixelLimit, read: (extra = {}) => sharp(bytes, { limitInputPixels: pixelLimit, failOn: 'truncated', ignoreIcc: true, ...extra }) };
  };
  return {
    decode: async (source, options = {}) => {
      const picture = await open(source, options);
      return guarded(picture, () => toRgb(picture.read()));
    },
    decodeFrames: async (source, options = {}) => {
      const picture = await open(source, options);
      return guarded(picture, () => readFrames(picture, options));
    },
  };
}

interface OpenPicture {
  readonly label: string;
  readonly pixelLimit: number;
  readonly read: (options?: SharpOptions) => Sharp;
}

async function toRgb(picture: Sharp): Promise<RgbImage> {
  const upright = picture.autoOrient().toColourspace('srgb');
  const { data, info } = await upright.raw({ depth: 'uchar' }).toBuffer({ resolveWithObject: true });
  const { width, height, channels } = info;
  if (channels === 4) return compositeOnWhite({ width, height, data });
  if (channels === 3) return { width, height, data };
  throw new Error(`${channels} channels after decoding`);
}

async function readFrames(picture: OpenPicture, { select, signal }: DecodeFramesOptions): Promise<AnimationFrame[]> {
  const { pages = 1, delay = [] } = await picture.read().metadata();
  const durations = Array.from({ length: pages }, (_, i) => (pages > 1 ? (delay[i] ?? 100) / 1000 : 0));
  const timestamps = durations.map((_, i) => durations.slice(0, i).reduce((sum, duration) => sum + duration, 0));
  const wanted = select ? select(timestamps) : timestamps.map((_, i) => i);
  const frames: AnimationFrame[] = [];
  for (const index of wanted) {
    throwIfAborted(signal);
    const image = await toRgb(picture.read({ page: index }));
    frames.push({ image, timestamp: timestamps[index]!, duration: durations[index]! });
  }
  return frames;
}

/** Runs a decoding, and says what is wrong with the file in the reader's words when it fails. */
async function guarded<T>({ label, pixelLimit }: OpenPicture, decode: () => Promise<T>): Promise<T> {
  try {
    return await decode();
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    if (/exceeds pixel limit/i.test(reason)) {
      throw new MediaError(`${label} is too large.`, { expected: `at most ${pixelLimit} pixels`, remedy: 'Scale it down first.', cause });
    }
    if (/unsupported image format/i.test(reason)) {
      throw new MediaError(`${label} is not a picture that can be read.`, { expected: 'JPEG, PNG, WebP, GIF, AVIF or TIFF', cause });
    }
    throw new MediaError(`${label} cannot be decoded.`, {
      actual: `"${reason.split('\n')[0]}"`,
      remedy: 'The file is damaged or cut off: save or download it again.',
      cause,
    });
  }
}
