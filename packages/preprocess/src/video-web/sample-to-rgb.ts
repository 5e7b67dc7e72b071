import { MediaError, type PixelSize } from '@vlmkit/core';
import type { VideoSample } from 'mediabunny';
import { type Plane, type YuvColor, yuv420ToRgb } from '../video/yuv-to-rgb.js';

/**
 * A frame as RGB [height, width, 3], made from its own planes, so that every browser gives what FFmpeg gives. Formats
 * other than 8-bit 4:2:0 go through the browser's conversion, which may differ from FFmpeg's by some levels.
 *
 * @param color What the file says of its colours. Browsers report a guess of their own where it says nothing.
 */
export async function sampleToRgb(
  sample: VideoSample,
  color: YuvColor,
): Promise<PixelSize & { readonly data: Uint8Array }> {
  const { width, height } = sample.visibleRect;
  const planes = sample.format === 'I420' || sample.format === 'NV12' ? await copyPlanes(sample) : null;
  const data = planes
    ? yuv420ToRgb({ width, height, ...planes }, color)
    : await convertByPlatform(sample, width * height);
  return { width, height, data };
}

async function copyPlanes(sample: VideoSample): Promise<{ readonly y: Plane; readonly u: Plane; readonly v: Plane }> {
  const data = new Uint8Array(sample.allocationSize());
  const layouts = await sample.copyTo(data);
  const plane = (index: number, step: number, shift = 0): Plane => {
    const layout = layouts[index];
    if (layout === undefined) throw new MediaError(`A frame of format ${sample.format} lacks plane ${index}.`);
    return { data, offset: layout.offset + shift, stride: layout.stride, step };
  };
  return sample.format === 'NV12'
    ? { y: plane(0, 1), u: plane(1, 2), v: plane(1, 2, 1) }
    : { y: plane(0, 1), u: plane(1, 1), v: plane(2, 1) };
}

async function convertByPlatform(sample: VideoSample, pixels: number): Promise<Uint8Array> {
  const options = { format: 'RGBX' } as const;
  const rgbx = new Uint8Array(sample.allocationSize(options));
  await sample.copyTo(rgbx, options);
  const rgb = new Uint8Array(pixels * 3);
  for (let i = 0; i < pixels; i++) {
    rgb[i * 3] = rgbx[i * 4]!;
    rgb[i * 3 + 1] = rgbx[i * 4 + 1]!;
    rgb[i * 3 + 2] = rgbx[i * 4 + 2]!;
  }
  return rgb;
}
