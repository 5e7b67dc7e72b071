import { extname } from 'node:path';
import { drawSvg, type GroundedItem } from '@vlmkit/grounding';
import { createSharpDecoder } from '@vlmkit/preprocess/sharp';
import sharp from 'sharp';
import { UsageError } from './usage-error.js';

/** Formats of a drawn picture, by the extension of its file. */
const formats = { '.png': 'png', '.jpg': 'jpeg', '.jpeg': 'jpeg', '.webp': 'webp' } as const;

/** A format in which a picture is drawn. */
export type DrawnFormat = (typeof formats)[keyof typeof formats];

/**
 * The format that the name of a file asks for.
 *
 * @throws UsageError when it is not one that can be drawn.
 */
export function drawnFormat(path: string, flag = '--out'): DrawnFormat {
  const extension = extname(path).toLowerCase();
  if (Object.hasOwn(formats, extension)) return formats[extension as keyof typeof formats];
  throw new UsageError(`The format of ${path} cannot be drawn.`, {
    expected: `a name that ends in ${Object.keys(formats).join(', ')}`,
    remedy: `Give ${flag} another extension.`,
  });
}

/** A PNG as a file of a format. */
export async function inFormat(png: Uint8Array, format: DrawnFormat): Promise<Uint8Array> {
  return format === 'png' ? png : sharp(png).toFormat(format).toBuffer();
}

/** The picture as the model's user sees it, with its boxes, points and labels drawn over it, as a file of a format. */
export async function drawGrounding(
  image: string,
  items: readonly GroundedItem[],
  format: DrawnFormat = 'png',
): Promise<Buffer> {
  const { width, height, data } = await createSharpDecoder().decode(image);
  const overlay = Buffer.from(drawSvg({ size: { width, height }, items }));
  return sharp(data, { raw: { width, height, channels: 3 } })
    .composite([{ input: overlay, left: 0, top: 0 }])
    .toFormat(format)
    .toBuffer();
}
