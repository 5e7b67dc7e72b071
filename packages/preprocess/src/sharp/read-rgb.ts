import { MediaError } from '@vlmkit/core';
import type { Sharp } from 'sharp';
import { cmykToRgb, compositeOnWhite, dropAlpha } from '../channels.js';
import type { RgbImage } from '../rgb-image.js';
import { guardDecoding, type OpenPicture } from './open-picture.js';

/** Decodes a picture, or the first frame of an animation, upright. @throws MediaError when its pixels are damaged. */
export function readUpright(picture: OpenPicture): Promise<RgbImage> {
  return readRgb(picture, picture.read().autoOrient());
}

/** Decodes to RGB, whatever the file's channels are. @throws MediaError when its pixels are damaged. */
export async function readRgb(picture: OpenPicture, pipeline: Sharp): Promise<RgbImage> {
  const isCmyk = picture.metadata.space === 'cmyk';
  // Asking for CMYK keeps the library from converting by a profile, which the reference does not do.
  const samples = isCmyk ? pipeline.pipelineColourspace('cmyk').toColourspace('cmyk') : pipeline.toColourspace('srgb');
  const { data, info } = await guardDecoding(picture.label, () =>
    samples.raw({ depth: 'uchar' }).toBuffer({ resolveWithObject: true }),
  );
  const pixels = {
    width: info.width,
    height: info.height,
    data: new Uint8Array(data.buffer, data.byteOffset, data.length),
  };
  if (info.channels === 3) return pixels;
  if (info.channels !== 4) {
    throw new MediaError(`${picture.label} has an unusual number of channels.`, {
      expected: 'grey, RGB or CMYK, with or without transparency',
      actual: `${info.channels} channels`,
      remedy: 'Open it in an image editor and save it as PNG.',
    });
  }
  if (isCmyk) return cmykToRgb(pixels);
  return hasColourKey(picture) ? dropAlpha(pixels) : compositeOnWhite(pixels);
}

/**
 * Whether transparency comes from one colour of a grey or RGB PNG that is declared transparent. The reference ignores
 * it there, though not in a palette.
 */
function hasColourKey({ format, bytes }: OpenPicture): boolean {
  const colourType = 25; // in the header chunk, which comes first
  return format === 'png' && (bytes[colourType] === 0 || bytes[colourType] === 2);
}
