import type { RowBuffer } from '@vlmkit/core';
import { cacheNames, newRowsName } from './cache-names.js';
import type { KvCache, KvCacheOptions } from './kv-cache.js';

/** Rows that only grow: one buffer of keys and one of values for every layer and key-value head, taken in advance. */
export class AppendedCache implements KvCache {
  readonly outputs: { readonly append: Readonly<Record<string, readonly RowBuffer[]>> };
  readonly #past: Readonly<Record<string, RowBuffer>>;

  constructor({ config, runtime, cacheType, capacity }: KvCacheOptions) {
    const { numHiddenLayers, numKeyValueHeads, headDim } = config;
    const past: Record<string, RowBuffer> = {};
    const append: Record<string, readonly RowBuffer[]> = {};
    for (let layer = 0; layer < numHiddenLayers; layer++) {
      const heads = Array.from({ length: numKeyValueHeads }, (_, head) => cacheNames(layer, head));
      const names = [...heads.map(({ pastKey }) => pastKey), ...heads.map(({ pastValue }) => pastValue)];
      for (const name of names) past[name] = runtime.createRows(cacheType, [headDim], capacity);
      append[newRowsName(layer)] = names.map((name) => past[name]!);
    }
    this.#past = past;
    this.outputs = { append };
  }

  feeds(): Readonly<Record<string, RowBuffer>> {
    return this.#past;
  }

  /** The runtime has appended the rows. */
  accept(): void {}

  truncate(length: number): void {
    for (const rows of Object.values(this.#past)) rows.truncate(length);
  }

  dispose(): void {
    for (const rows of Object.values(this.#past)) rows.dispose();
  }
}
