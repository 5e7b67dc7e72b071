import { MediaError, type PixelSize } from '@vlmkit/core';
import type { Frame } from 'node-av';
import type { Av } from './libraries.js';

/** Turns decoded frames into RGB. */
export interface FrameConverter {
  /** [height, width, 3] without padding. */
  toRgb(frame: Frame): Promise<PixelSize & { readonly data: Uint8Array }>;
  close(): void;
}

/**
 * Converts frames to RGB with FFmpeg's swscale, set up as PyAV's `to_ndarray(format='rgb24')` does: bilinear chroma,
 * the frame's own matrix and range (BT.601, limited, when it names none), no transfer or primaries conversion.
 */
export function createSwscaleConverter(av: Av): FrameConverter {
  const scaler = new av.SoftwareScaleContext();
  scaler.allocContext();
  scaler.setOption('sws_flags', av.SWS_BILINEAR);
  return {
    async toRgb(source) {
      source.colorTrc = av.AVCOL_TRC_UNSPECIFIED;
      source.colorPrimaries = av.AVCOL_PRI_UNSPECIFIED;
      const target = new av.Frame();
      target.alloc();
      try {
        target.width = source.width;
        target.height = source.height;
        target.format = av.AV_PIX_FMT_RGB24;
        target.colorSpace = source.colorSpace;
        target.colorRange = source.colorRange;
        av.FFmpegError.throwIfError(target.allocBuffer(), 'allocate an RGB frame');
        av.FFmpegError.throwIfError(await scaler.scaleFrame(target, source), 'convert a frame to RGB');
        return { width: target.width, height: target.height, data: packRows(target) };
      } finally {
        target.free();
      }
    },
    close: () => scaler.freeContext(),
  };
}

/** Copies the pixels out of a frame whose rows are padded. */
function packRows({ width, height, linesize, data }: Frame): Uint8Array {
  const plane = data?.[0];
  const stride = linesize[0];
  if (plane === undefined || stride === undefined) throw new MediaError('A converted frame holds no pixels.');
  const row = width * 3;
  const out = new Uint8Array(row * height);
  for (let y = 0; y < height; y++) out.set(plane.subarray(y * stride, y * stride + row), y * row);
  return out;
}
