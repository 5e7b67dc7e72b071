import { availableParallelism } from 'node:os';
import { type AbortSignalLike, type PixelSize, RuntimeError, type VisualSegment } from '@vlmkit/core';
import { ThreadPool } from '@vlmkit/threads';
import { isWebAddress } from '../download/download.js';
import type { DecodeOptions } from '../image-decoder.js';
import type { PatchifyOptions } from '../patchify.js';
import type { PreprocessImageOptions } from '../preprocess-image.js';
import type { RgbImage } from '../rgb-image.js';
import type { NodeImageSource, SharpDecoderOptions } from '../sharp/index.js';
import type { CutClip } from '../video/cut-clip.js';
import { Downloads } from './downloads.js';
import { memoryOf, type PictureFile, type PreprocessCalls } from './protocol.js';

/** Options of {@link createPreprocessPool}. */
export interface PreprocessPoolOptions extends SharpDecoderOptions {
  /** Most threads (default: one for each core but one, at most four). They start when they are needed. */
  readonly threads?: number | undefined;
}

/** Options of a picture: its size and its name in messages. */
export interface PoolImageOptions extends PreprocessImageOptions, DecodeOptions {}

/** Options that every job takes. */
export interface PoolJobOptions {
  readonly signal?: AbortSignalLike | undefined;
}

/** Options of resizing a picture. */
export interface PoolResizeOptions extends PoolJobOptions {
  /** Gives the picture's memory to the thread, which saves the copy: the picture is empty afterwards. */
  readonly handOver?: boolean | undefined;
}

/**
 * Does the work of this package in threads, so that the caller's event loop stays free. A signal ends the waiting for a
 * download, a thread or a result at once.
 */
export interface PreprocessPool {
  /** Decodes a file with sharp and makes it ready for the encoder. @throws MediaError, PromptError as the functions do. */
  image(source: NodeImageSource, options: PoolImageOptions): Promise<VisualSegment>;
  /** Decodes a file with sharp. @throws MediaError as the decoder does. */
  decode(source: NodeImageSource, options?: DecodeOptions): Promise<RgbImage>;
  /** `resizeBicubic` in a thread; the input is copied there, unless it is handed over. */
  resize(image: RgbImage, size: PixelSize, options?: PoolResizeOptions): Promise<RgbImage>;
  /** `cutClip` in a thread. The frames' memory is handed over: those given are empty afterwards, those of the result whole. */
  cutClip(frames: readonly RgbImage[], options: PatchifyOptions & PoolJobOptions): Promise<CutClip>;
  /** Ends the threads; jobs under way are rejected. Without it, idle threads do not keep the process alive. */
  close(): Promise<void>;
}

/**
 * Starts a pool of preprocessing threads. Jobs wait in order for a thread to be free. sharp is loaded there too, as that
 * alone takes a tenth of a second.
 */
export function createPreprocessPool(options: PreprocessPoolOptions = {}): PreprocessPool {
  const { threads = Math.min(4, Math.max(1, availableParallelism() - 1)), ...limits } = options;
  const pool = new ThreadPool<PreprocessCalls>({
    threads,
    script: new URL('./worker.js', import.meta.url),
    name: 'a preprocessing thread',
    remedy: 'If memory ran out, lower maxPixels or use fewer threads.',
  });
  const downloads = new Downloads();
  /** A picture as a thread takes it: downloaded, as no thread should wait for a server. */
  async function picture(source: NodeImageSource, { name, signal }: DecodeOptions): Promise<PictureFile> {
    const location = source instanceof URL ? source.href : source;
    if (typeof location !== 'string' || !isWebAddress(location)) return { source: location, name, limits };
    const bytes = await downloads.fetch(location, { ...limits, name, signal });
    return { source: bytes, name: name ?? location, limits };
  }
  return {
    async image(source, { signal, name, ...options }) {
      return pool.call('image', { ...(await picture(source, { name, signal })), options }, { signal });
    },
    async decode(source, options = {}) {
      return pool.call('decode', await picture(source, options), { signal: options.signal });
    },
    resize: (image, size, { signal, handOver } = {}) =>
      pool.call('resize', { image, size }, { signal, transfer: handOver ? memoryOf([image]) : [] }),
    cutClip: (frames, { signal, ...options }) =>
      pool.call('cutClip', { frames, options }, { signal, transfer: memoryOf(frames) }),
    close() {
      const closed = new RuntimeError('The preprocessing pool is closed.', { remedy: 'Create a new one.' });
      downloads.close(closed);
      return pool.close(closed);
    },
  };
}
