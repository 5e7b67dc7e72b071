import type { RunResult } from '@vlmkit/core';
import type { CacheMover } from './cache-mover.js';
import { type CreateCache, cacheBytes, type KvCache, type KvCacheOptions } from './kv-cache.js';
import { RowOwners } from './row-owners.js';

/** What the cache of a batch is made of. */
export interface BatchCacheOptions extends KvCacheOptions {
  readonly createCache: CreateCache;
  readonly mover: Pick<CacheMover, 'moved'>;
}

/** Rows that nobody sees from which a smaller cache is worth the copies: below, a step hardly notices them. */
const fewestUnseen = 256;

/** One cache for several sequences, with a note of whose its rows are. */
export class BatchCache {
  readonly owners = new RowOwners();
  readonly #options: BatchCacheOptions;
  #cache: KvCache;
  #capacity: number;
  #mayMove = true;
  #disposed = false;

  constructor(options: BatchCacheOptions) {
    this.#options = options;
    this.#capacity = options.capacity;
    this.#cache = options.createCache(options);
  }

  /** Tokens that it holds. */
  get capacity(): number {
    return this.#capacity;
  }

  /** Bytes when it is full. */
  get byteLength(): number {
    return cacheBytes({ ...this.#options, capacity: this.#capacity });
  }

  /** As of {@link KvCache}. */
  get options(): KvCache['options'] {
    return this.#cache.options;
  }

  /** As of {@link KvCache}. */
  feeds(): ReturnType<KvCache['feeds']> {
    return this.#cache.feeds();
  }

  /** Takes what a run has kept. `owners`: the sequence of each of its tokens. */
  accept(result: RunResult, owners: readonly number[]): void {
    this.#cache.accept(result);
    this.owners.append(owners);
  }

  /** Forgets the tokens from `length` on. */
  truncate(length: number): void {
    if (length >= this.owners.all.length) return;
    this.#cache.truncate(length);
    this.owners.cut(length);
  }

  /**
   * Moves into a cache of `capacity` tokens without the rows that nobody sees, once those are a third: every step would go
   * through them. The copies take as long as they save in some 20 steps. No run may be under way.
   */
  async compact(capacity: number): Promise<void> {
    const { unseen, all } = this.owners;
    if (!this.#mayMove || unseen < Math.max(fewestUnseen, all.length / 3)) return;
    const seen = this.owners.seenRows();
    let smaller: KvCache;
    try {
      smaller = await this.#options.mover.moved(this.#cache, { rows: seen, capacity });
    } catch {
      // It goes on as it is, only slower.
      this.#mayMove = false;
      return;
    }
    this.#cache.dispose();
    this.#cache = smaller;
    this.#capacity = capacity;
    this.owners.keep(seen);
    // It may have been given up meanwhile.
    if (this.#disposed) smaller.dispose();
  }

  dispose(): void {
    this.#disposed = true;
    this.#cache.dispose();
  }
}
