import type { RowBuffers } from '@vlmkit/core';
import { newRowsName, pastNames } from './cache-names.js';
import type { KvCache, KvCacheOptions } from './kv-cache.js';

/** Rows that only grow: one buffer of keys and one of values for every layer and key-value head, taken in advance. */
export class AppendedCache implements KvCache {
  readonly options: { readonly rows: RowBuffers };

  constructor({ config, runtime, cacheType, capacity }: KvCacheOptions) {
    const filledBy = { [newRowsName]: pastNames(config) };
    this.options = { rows: runtime.createRows({ dtype: cacheType, rowDims: [config.headDim], capacity, filledBy }) };
  }

  /** The runtime feeds the rows. */
  feeds(): Readonly<Record<string, never>> {
    return {};
  }

  /** The runtime has appended the rows. */
  accept(): void {}

  truncate(length: number): void {
    this.options.rows.truncate(length);
  }

  dispose(): void {
    this.options.rows.dispose();
  }
}
