import { availableParallelism } from 'node:os';
import {
  type AbortSignalLike,
  type PixelSize,
  RuntimeError,
  throwIfAborted,
  unlessAborted,
  type VisualSegment,
} from '@vlmkit/core';
import { isWebAddress } from '../download/download.js';
import type { DecodeOptions } from '../image-decoder.js';
import type { PatchifyOptions } from '../patchify.js';
import type { PreprocessImageOptions } from '../preprocess-image.js';
import type { RgbImage } from '../rgb-image.js';
import type { NodeImageSource, SharpDecoderOptions } from '../sharp/index.js';
import type { CutClip } from '../video/cut-clip.js';
import { Downloads } from './downloads.js';
import { PreprocessThread } from './preprocess-thread.js';
import { type Job, memoryOf, type PictureFile, type PreprocessWork } from './protocol.js';

/** Options of {@link createPreprocessPool}. */
export interface PreprocessPoolOptions extends SharpDecoderOptions {
  /** Most threads (default: one for each core but one, at most four). They start when they are needed. */
  readonly threads?: number;
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
  readonly handOver?: boolean;
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
  const crew = new Crew(threads);
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
      const input = { ...(await picture(source, { name, signal })), options };
      return crew.run({ kind: 'image', input }, { signal });
    },
    async decode(source, options = {}) {
      return crew.run({ kind: 'decode', input: await picture(source, options) }, options);
    },
    resize: (image, size, { signal, handOver } = {}) =>
      crew.run({ kind: 'resize', input: { image, size } }, { signal, handedOver: handOver ? memoryOf([image]) : [] }),
    cutClip: (frames, { signal, ...patchOptions }) =>
      crew.run({ kind: 'cutClip', input: { frames, options: patchOptions } }, { signal, handedOver: memoryOf(frames) }),
    close: () => {
      downloads.close(closedError());
      return crew.close();
    },
  };
}

/** How a job is done. */
interface JobTerms extends PoolJobOptions {
  /** Memory of the job's input that the thread takes over. */
  readonly handedOver?: readonly ArrayBuffer[];
}

interface Waiter {
  readonly resolve: (thread: PreprocessThread) => void;
  readonly reject: (error: unknown) => void;
}

/** Threads and those who wait for one. */
class Crew {
  readonly #limit: number;
  readonly #idle: PreprocessThread[] = [];
  readonly #busy = new Set<PreprocessThread>();
  readonly #waiting: Waiter[] = [];
  #closed = false;

  constructor(limit: number) {
    this.#limit = limit;
  }

  async run<K extends keyof PreprocessWork>(
    job: Job<K>,
    { signal, handedOver }: JobTerms,
  ): Promise<PreprocessWork[K]['output']> {
    throwIfAborted(signal);
    const thread = await this.#takeUnlessAborted(signal);
    // A job cannot be stopped: whoever aborts it stops waiting, and the thread is free when it has ended.
    const work = thread.run(job, handedOver).finally(() => this.#giveBack(thread));
    return unlessAborted(work, signal);
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const waiter of this.#waiting.splice(0)) waiter.reject(closedError());
    await Promise.all([...this.#idle, ...this.#busy].map((thread) => thread.close()));
  }

  async #takeUnlessAborted(signal: AbortSignalLike | undefined): Promise<PreprocessThread> {
    const taken = this.#take();
    try {
      return await unlessAborted(taken, signal);
    } catch (error) {
      // One who waits no longer passes the thread on when it comes; that there is none is not told then.
      taken.then(
        (thread) => this.#giveBack(thread),
        () => undefined,
      );
      throw error;
    }
  }

  async #take(): Promise<PreprocessThread> {
    if (this.#closed) throw closedError();
    const idle = this.#idle.pop();
    if (!idle && this.#busy.size >= this.#limit) {
      return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
    }
    return this.#start(idle);
  }

  /** Puts a thread to work, or a new one when it has failed. */
  #start(thread: PreprocessThread | undefined): PreprocessThread {
    const usable = thread && !thread.ended ? thread : new PreprocessThread();
    this.#busy.add(usable);
    return usable;
  }

  #giveBack(thread: PreprocessThread): void {
    this.#busy.delete(thread);
    for (let next = this.#waiting.shift(); next; next = this.#waiting.shift()) {
      try {
        next.resolve(this.#start(thread));
        return;
      } catch (error) {
        // None can take a failed thread's place; the next who waits may have more luck, and must not wait for ever.
        next.reject(error);
      }
    }
    if (!thread.ended) this.#idle.push(thread);
  }
}

function closedError(): RuntimeError {
  return new RuntimeError('The preprocessing pool is closed.', { remedy: 'Create a new one.' });
}
