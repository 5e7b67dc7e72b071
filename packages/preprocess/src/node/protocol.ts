import type { PixelSize, VisualSegment } from '@vlmkit/core';
import type { PatchifyOptions } from '../patchify.js';
import type { PreprocessImageOptions } from '../preprocess-image.js';
import type { RgbImage } from '../rgb-image.js';
import type { NodeImageSource, SharpDecoderOptions } from '../sharp/index.js';
import type { CutClip } from '../video/cut-clip.js';

/** A picture to decode. */
export interface PictureFile {
  readonly source: Exclude<NodeImageSource, URL>;
  /** Stands for the source in messages. */
  readonly name?: string | undefined;
  readonly limits: SharpDecoderOptions;
}

/** The work that a thread does. */
export interface PreprocessCalls {
  readonly image: {
    readonly request: PictureFile & { readonly options: PreprocessImageOptions };
    readonly response: VisualSegment;
  };
  readonly decode: {
    readonly request: PictureFile;
    readonly response: RgbImage;
  };
  readonly resize: {
    readonly request: { readonly image: RgbImage; readonly size: PixelSize };
    readonly response: RgbImage;
  };
  readonly cutClip: {
    readonly request: { readonly frames: readonly RgbImage[]; readonly options: PatchifyOptions };
    readonly response: CutClip;
  };
}

/** The memory of arrays, each once, for handing it over. */
export function memoryOf(holders: readonly { readonly data: ArrayBufferView }[]): ArrayBuffer[] {
  return [...new Set(holders.map(({ data }) => data.buffer as ArrayBuffer))];
}
