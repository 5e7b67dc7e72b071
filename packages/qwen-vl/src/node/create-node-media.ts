import { resolve } from 'node:path';
import {
  type FrameSequence,
  type PreprocessVideoFileOptions,
  preprocessVideo,
  preprocessVideoFile,
  type RgbImage,
} from '@vlmkit/preprocess';
import { createPreprocessPool } from '@vlmkit/preprocess/node';
import type { SharpDecoderOptions } from '@vlmkit/preprocess/sharp';
import { createNodeVideoDecoder } from '@vlmkit/preprocess/video-node';
import type { ImagePart, MediaFile, VideoPart } from '../content-parts.js';
import { frameCounter } from '../context-limit.js';
import type { MediaRequest, MediaSource } from '../media.js';
import { imageOptions, samplingOptions, videoSizeOptions } from '../part-options.js';

/** Options of {@link createNodeMedia}, limits of files among them. */
export interface NodeMediaOptions extends SharpDecoderOptions {
  /** Folder that relative paths start from (default: the working directory). */
  readonly baseDirectory?: string | undefined;
  /** Called with every prepared clip, e.g. to draw a contact sheet of its frames. */
  readonly onClip?:
    | ((clip: { readonly frames: readonly RgbImage[]; readonly timestamps: readonly number[] }) => void)
    | undefined;
}

/**
 * Reads pictures with sharp and clips with FFmpeg's decoders, from paths, URLs, data URLs, bytes and Blobs. Both libraries are
 * loaded when the first picture or clip asks for them; pictures are decoded, and they and the frames of clips resized and
 * cut, in threads of their own. A slow server keeps no other request waiting.
 */
export function createNodeMedia({
  baseDirectory = process.cwd(),
  onClip,
  pixelLimit,
  byteLimit,
  downloadTimeoutMs,
}: NodeMediaOptions = {}): Required<MediaSource> {
  const limits: SharpDecoderOptions = { pixelLimit, byteLimit, downloadTimeoutMs };
  const pool = createPreprocessPool(limits);
  const videos = createNodeVideoDecoder(limits);
  async function locate(file: MediaFile): Promise<string | Uint8Array> {
    if (typeof file === 'string') return /^[a-z][a-z+.-]+:/i.test(file) ? file : resolve(baseDirectory, file);
    return file instanceof Uint8Array ? file : new Uint8Array(await file.arrayBuffer());
  }
  return {
    async image(part: ImagePart<MediaFile>, request: MediaRequest) {
      const { vision, signal } = request;
      return pool.image(await locate(part.image), { config: vision.image, ...imageOptions(part), signal });
    },
    async video(part: VideoPart<MediaFile>, request: MediaRequest) {
      const { vision, signal, onProgress } = request;
      const count = frameCounter(part, request);
      const shared: PreprocessVideoFileOptions = {
        config: vision.image,
        ...videoSizeOptions(part, vision.video),
        work: {
          async resize(frame, size) {
            count(size);
            return pool.resize(frame, size, { signal, handOver: true });
          },
          cutClip: (frames, cut) => pool.cutClip(frames, { ...cut, signal }),
        },
        ...(signal && { signal }),
        ...(onProgress && { onProgress: (done: number, total: number) => onProgress(done / total) }),
      };
      if (isFrameList(part.video)) {
        const frames = frameList(part, part.video, async (file) => pool.decode(await locate(file), { signal }));
        const clip = await preprocessVideo(frames, shared);
        onClip?.({ frames: clip.frames, timestamps: clip.segment.timestamps ?? [] });
        return clip.segment;
      }
      const source = await locate(part.video);
      const handle = await videos.open(source, signal ? { signal } : {});
      try {
        const clip = await preprocessVideoFile(handle, { ...shared, ...samplingOptions(part) });
        onClip?.({ frames: clip.frames, timestamps: clip.segment.timestamps ?? [] });
        return clip.segment;
      } finally {
        handle.close();
      }
    },
    dispose: () => pool.close(),
  };
}

function isFrameList(video: VideoPart<MediaFile>['video']): video is readonly MediaFile[] {
  return Array.isArray(video);
}

/** The pictures of a list as frames, decoded one by one. */
function frameList(
  part: VideoPart<MediaFile>,
  files: readonly MediaFile[],
  decode: (file: MediaFile) => Promise<RgbImage>,
): FrameSequence {
  return {
    count: files.length,
    frames: (async function* () {
      for (const file of files) yield decode(file);
    })(),
    ...(part.sample_fps !== undefined && { sampleFps: part.sample_fps }),
  };
}
