import type { BackboneState, ComputeType, Feed, LanguageBackbone, Runtime, Session, WeightSource } from '@vlmkit/core';
import { AppendedCache } from './appended-cache.js';
import { Batch } from './batch.js';
import { buildBurstGraph } from './burst-graph.js';
import { singleStepFeeds } from './burst-plan.js';
import { BurstState } from './burst-state.js';
import { CacheMover } from './cache-mover.js';
import { CachedState } from './cached-state.js';
import type { DecoderConfig } from './decoder-config.js';
import { buildDecoderGraph } from './decoder-graph.js';
import { HandedOnCache } from './handed-on-cache.js';
import type { CreateCache } from './kv-cache.js';

/** What a decoder is loaded from. */
export interface QwenLlmOptions {
  readonly config: DecoderConfig;
  readonly weights: WeightSource;
  readonly runtime: Runtime;
  /** Element type of activations (default float32). */
  readonly dtype?: ComputeType | undefined;
  /** Most tokens computed in one run of a prefill (default 512). Smaller chunks take less memory and abort sooner. */
  readonly prefillChunk?: number | undefined;
  /** Called with a fraction in 0..1 as weights are loaded. */
  readonly onProgress?: ((fraction: number) => void) | undefined;
}

/**
 * Loads a Qwen2 or Qwen2.5 decoder.
 *
 * @throws WeightError when a tensor is missing or of the wrong shape.
 * @throws RuntimeError when the device cannot load the graph.
 */
export async function createQwenLlm(options: QwenLlmOptions): Promise<LanguageBackbone> {
  const { config, weights, runtime, dtype, prefillChunk = 512, onProgress } = options;
  // Where outputs pass through the host, so does the cache, once a run: then a run should be many tokens.
  const bursts = !runtime.profile.deviceOutputs;
  const build = bursts ? buildBurstGraph : buildDecoderGraph;
  const graph = await build({ config, weights, profile: runtime.profile, ...(dtype && { dtype }) });
  const session = await runtime.createSession(graph, onProgress ? { onProgress } : {});
  const handedOn = !bursts && runtime.profile.kvCache === 'handover';
  const createCache: CreateCache = (cache) => (handedOn ? new HandedOnCache(cache) : new AppendedCache(cache));
  const cacheType = dtype ?? 'float32';
  const mover = new CacheMover({ config, runtime, cacheType, createCache, handedOn });
  const parts = { config, runtime, session, prefillChunk, cacheType, createCache, mover };
  if (!bursts) return new QwenLlm(parts);
  return new QwenLlm({ ...parts, extraFeeds: singleStepFeeds(config.vocabSize), leastLogitRows: 1 });
}

interface QwenLlmParts {
  readonly config: DecoderConfig;
  readonly runtime: Runtime;
  readonly session: Session;
  readonly prefillChunk: number;
  readonly cacheType: ComputeType;
  readonly createCache: CreateCache;
  readonly mover: CacheMover;
  /** Inputs of the burst graph, where that is what was loaded. */
  readonly extraFeeds?: Readonly<Record<string, Feed>>;
  readonly leastLogitRows?: 1;
}

class QwenLlm implements LanguageBackbone {
  readonly hiddenSize: number;
  readonly vocabularySize: number;
  readonly contextLength: number;
  readonly #parts: QwenLlmParts;

  constructor(parts: QwenLlmParts) {
    this.#parts = parts;
    this.hiddenSize = parts.config.hiddenSize;
    this.vocabularySize = parts.config.vocabSize;
    this.contextLength = parts.config.maxPositionEmbeddings;
  }

  createState(capacity: number): BackboneState {
    const State = this.#parts.extraFeeds ? BurstState : CachedState;
    return new State({ ...this.#parts, capacity });
  }

  createBatch(capacities: readonly number[]): readonly BackboneState[] {
    return new Batch({ ...this.#parts, capacities }).members;
  }

  async dispose(): Promise<void> {
    const { session, mover } = this.#parts;
    await Promise.all([session.dispose(), mover.dispose()]);
  }
}
