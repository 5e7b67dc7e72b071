import {
  type AbortSignalLike,
  PromptError,
  type Tensor,
  tensor,
  unlessAborted,
  type VisualSegment,
  type VisualTokens,
} from '@vlmkit/core';
import { EncodingQueue, type VisionModules } from './encoding-queue.js';
import { SharedWork } from './shared-work.js';

/** Options of {@link VisionFeatures}. */
export interface VisionFeaturesOptions {
  /** Bytes of features kept for reuse (default 256 MiB). 0 keeps none. */
  readonly cacheBytes?: number | undefined;
}

/** The visual tokens of segments, each encoded on its own grid; those of recent ones are kept by content. */
export class VisionFeatures {
  readonly #queue: EncodingQueue;
  readonly #cacheBytes: number;
  /** Least recently used first. */
  readonly #cache = new Map<string, Tensor<'float32'>>();
  readonly #running = new SharedWork<Tensor<'float32'>>();
  #cachedBytes = 0;

  constructor(modules: VisionModules, { cacheBytes = 256 * 2 ** 20 }: VisionFeaturesOptions = {}) {
    this.#queue = new EncodingQueue(modules);
    this.#cacheBytes = cacheBytes;
  }

  /** Segments that went through the encoder so far, rather than coming from the cache. */
  get encodedSegments(): number {
    return this.#queue.encoded;
  }

  /** Visual tokens [v, h] of every segment, on the host. Those that are asked for at the same time share runs where that is faster. */
  encode(segments: readonly VisualSegment[], signal?: AbortSignalLike): Promise<Tensor<'float32'>[]> {
    return Promise.all(segments.map((segment) => this.#encode(segment, signal)));
  }

  /** Those who ask for the same segment at the same time have it encoded once. */
  async #encode(segment: VisualSegment, signal: AbortSignalLike | undefined): Promise<Tensor<'float32'>> {
    const key = segment.key && `${segment.key}:${segment.grid.join('x')}`;
    if (!key) return unlessAborted(this.#queue.encode(segment, signal), signal);
    const compute = async (shared: AbortSignalLike) => {
      const features = await this.#queue.encode(segment, shared);
      this.#remember(key, features);
      return features;
    };
    return this.#recall(key) ?? this.#running.run(key, compute, signal);
  }

  #recall(key: string): Tensor<'float32'> | undefined {
    const known = this.#cache.get(key);
    if (!known) return undefined;
    this.#cache.delete(key);
    this.#cache.set(key, known);
    return known;
  }

  #remember(key: string, features: Tensor<'float32'>): void {
    if (features.data.byteLength > this.#cacheBytes) return;
    this.#cachedBytes += features.data.byteLength - (this.#cache.get(key)?.data.byteLength ?? 0);
    this.#cache.delete(key);
    this.#cache.set(key, features);
    for (const [oldest, { data }] of this.#cache) {
      if (this.#cachedBytes <= this.#cacheBytes) break;
      this.#cache.delete(oldest);
      this.#cachedBytes -= data.byteLength;
    }
  }
}

/** Where the tokens of a segment stand in a prompt. */
export interface PlacedFeatures {
  /** [v, h]. */
  readonly features: Tensor<'float32'>;
  /** Index of the segment's first token. */
  readonly start: number;
}

/**
 * Joins the features of several segments into the form that a backbone takes.
 *
 * @param from tokens before this one are already in the cache: their features are left out.
 */
export function placeFeatures(placed: readonly PlacedFeatures[], from = 0): VisualTokens | undefined {
  const wanted = placed.filter(({ features, start }) => start + features.dims[0]! > from);
  if (wanted.length === 0) return undefined;
  const width = wanted[0]!.features.dims[1]!;
  if (wanted.some(({ features }) => features.dims[1] !== width)) {
    throw new PromptError('Segments of different widths cannot share a prompt.');
  }
  const total = wanted.reduce((sum, { features }) => sum + features.dims[0]!, 0);
  const data = wanted.length === 1 ? wanted[0]!.features.data : new Float32Array(total * width);
  const slots: number[] = [];
  const rows: number[] = [];
  let row = 0;
  for (const { features, start } of wanted) {
    if (wanted.length > 1) data.set(features.data, row * width);
    for (let i = 0; i < features.dims[0]!; i++) {
      if (start + i >= from) {
        slots.push(start + i - from);
        rows.push(row + i);
      }
    }
    row += features.dims[0]!;
  }
  return { features: tensor('float32', [total, width], data), slots, rows };
}
