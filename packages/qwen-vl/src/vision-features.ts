import {
  type AbortSignalLike,
  type InputProjector,
  type ModalityEncoder,
  PromptError,
  type Tensor,
  tensor,
  type VisualSegment,
  type VisualTokens,
} from '@vlmkit/core';
import { SharedWork } from './shared-work.js';

/** The modules that turn a segment into visual tokens. */
export interface VisionModules {
  readonly encoder: ModalityEncoder;
  readonly inputProjector: InputProjector;
}

/** Options of {@link VisionFeatures}. */
export interface VisionFeaturesOptions {
  /** Bytes of features kept for reuse (default 256 MiB). 0 keeps none. */
  readonly cacheBytes?: number | undefined;
}

/** Encodes segments, each on its own grid, and keeps the features of recent ones by content. */
export class VisionFeatures {
  readonly #modules: VisionModules;
  readonly #cacheBytes: number;
  /** Least recently used first. */
  readonly #cache = new Map<string, Tensor<'float32'>>();
  readonly #running = new SharedWork<Tensor<'float32'>>();
  #cachedBytes = 0;
  #encoded = 0;

  constructor(modules: VisionModules, { cacheBytes = 256 * 2 ** 20 }: VisionFeaturesOptions = {}) {
    this.#modules = modules;
    this.#cacheBytes = cacheBytes;
  }

  /** Segments that went through the encoder so far, rather than coming from the cache. */
  get encodedSegments(): number {
    return this.#encoded;
  }

  /** Visual tokens [v, h] of one segment, on the host. Those who ask for the same segment at the same time share one run. */
  async encode(segment: VisualSegment, signal?: AbortSignalLike): Promise<Tensor<'float32'>> {
    const key = segment.key && `${segment.key}:${segment.grid.join('x')}`;
    if (!key) return this.#compute(segment, signal);
    const compute = async (shared: AbortSignalLike) => {
      const features = await this.#compute(segment, shared);
      this.#remember(key, features);
      return features;
    };
    return this.#recall(key) ?? this.#running.run(key, compute, signal);
  }

  async #compute(segment: VisualSegment, signal: AbortSignalLike | undefined): Promise<Tensor<'float32'>> {
    const { encoder, inputProjector } = this.#modules;
    const work = signal ? { signal } : {};
    const features = await encoder.encode({ patches: segment.patches, grid: segment.grid }, work);
    try {
      const projected = await inputProjector.project(features, work);
      try {
        const tokens = await projected.download();
        if (tokens.dtype !== 'float32') throw new TypeError(`The input projector gave ${tokens.dtype}, not float32.`);
        this.#encoded += 1;
        return tokens as Tensor<'float32'>;
      } finally {
        projected.dispose();
      }
    } finally {
      features.dispose();
    }
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
