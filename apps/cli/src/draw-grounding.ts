import { drawSvg, type GroundedItem } from '@vlmkit/grounding';
import { createSharpDecoder } from '@vlmkit/preprocess/sharp';
import sharp from 'sharp';

/** A PNG of the picture as the model's user sees it, with its boxes, points and labels drawn over it. */
export async function drawGrounding(image: string, items: readonly GroundedItem[]): Promise<Buffer> {
  const { width, height, data } = await createSharpDecoder().decode(image);
  const overlay = Buffer.from(drawSvg({ size: { width, height }, items }));
  return sharp(data, { raw: { width, height, channels: 3 } })
    .composite([{ input: overlay, left: 0, top: 0 }])
    .png()
    .toBuffer();
}
