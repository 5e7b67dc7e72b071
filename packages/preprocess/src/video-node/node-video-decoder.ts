import { createSharpDecoder, type SharpDecoderOptions } from '../sharp/index.js';
import { type DecodeAnimation, openAnimation } from '../video/animation.js';
import type { VideoDecoder } from '../video/decoder.js';
import { openVideo } from '../video-mediabunny/open-video.js';
import { findAvCodec } from './av-decoder.js';
import { createAvPictureReader } from './av-picture-reader.js';
import { loadVideoLibraries } from './libraries.js';
import { findVideoFile } from './video-file.js';
import type { NodeVideoSource } from './video-source.js';

export type { NodeVideoSource };

/** Options of {@link createNodeVideoDecoder}; `pixelLimit` and `byteLimit` are those of animated pictures. */
export interface NodeVideoDecoderOptions extends SharpDecoderOptions {}

/**
 * Decodes videos in Node: mediabunny reads the container, FFmpeg (through node-av) decodes in software. H.264, HEVC, VP8, VP9, AV1 and ProRes in MP4, MOV,
 * WebM, Matroska and MPEG-TS. Frames are those of PyAV and decord, bit for bit.
 *
 * Animated GIF and WebP are read with sharp. All of these libraries are optional installs, loaded when first needed.
 */
export function createNodeVideoDecoder(options: NodeVideoDecoderOptions = {}): VideoDecoder<NodeVideoSource> {
  return {
    async open(source, { signal } = {}) {
      const file = await findVideoFile(source, { ...options, signal });
      if (file.kind === 'animation') {
        const images = createSharpDecoder(options);
        const decode: DecodeAnimation = (choice) => images.decodeFrames(file.source, { ...choice, name: file.label });
        return openAnimation(decode, { ...(signal && { signal }) });
      }
      const libraries = await loadVideoLibraries();
      return openVideo({
        library: libraries.mediabunny,
        platform: {
          canDecode: async (track) => (await findAvCodec(libraries.av, track)) !== null,
          createReader: (track) => createAvPictureReader(libraries, track),
          codecRemedy: 'Convert it, for example with `ffmpeg -i FILE -c:v libx264 OUT.mp4`.',
        },
        source: file.open(libraries.mediabunny),
        label: file.label,
        ...(signal && { signal }),
      });
    },
  };
}
