import {
  byteSize,
  type DataType,
  type Feed,
  PromptError,
  type RunOptions,
  type RunResult,
  type Runtime,
} from '@vlmkit/core';
import type { DecoderConfig } from './decoder-config.js';

/** What a cache is made of. */
export interface KvCacheOptions {
  readonly config: DecoderConfig;
  readonly runtime: Runtime;
  readonly cacheType: DataType;
  /** Tokens that the cache holds. */
  readonly capacity: number;
}

/** Keys and values of the tokens computed so far, between runs of a graph. */
export interface KvCache {
  /** What a run of the graph takes beside `options.rows`. */
  feeds(): Readonly<Record<string, Feed>>;
  /** How a run reaches the cache. */
  readonly options: Pick<RunOptions, 'rows' | 'keep'>;
  /** Takes what a run has kept. */
  accept(result: RunResult): void;
  /** Forgets the tokens from `length` on. */
  truncate(length: number): void;
  dispose(): void;
}

/** Makes the kind of cache that the graph works with. */
export type CreateCache = (options: KvCacheOptions) => KvCache;

/** Bytes of a cache that is full. */
export function cacheBytes({ config, cacheType, capacity }: KvCacheOptions): number {
  const { numHiddenLayers, numKeyValueHeads, headDim } = config;
  return numHiddenLayers * numKeyValueHeads * 2 * capacity * headDim * byteSize(cacheType);
}

/** @throws PromptError when one sequence is to be longer than the model's context. */
export function checkContext(capacity: number, { maxPositionEmbeddings }: DecoderConfig): void {
  if (capacity <= maxPositionEmbeddings) return;
  throw new PromptError('The sequence does not fit the model.', {
    expected: `at most ${maxPositionEmbeddings} tokens, prompt and answer together`,
    actual: `${capacity}`,
    remedy: 'Ask for fewer new tokens, or shorten the prompt.',
  });
}
