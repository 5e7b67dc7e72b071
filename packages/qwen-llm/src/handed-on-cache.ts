import { type DeviceTensor, type Feed, int64, type RunResult, type Tensor, viewBytes } from '@vlmkit/core';
import { allCacheNames, type CacheNames, pastLengthName } from './cache-names.js';
import type { KvCache, KvCacheOptions } from './kv-cache.js';

/** Tensors that stay on the device and go from one run into the next. Their memory grows with the tokens. */
export class HandedOnCache implements KvCache {
  readonly outputs: { readonly keep: readonly string[] };
  readonly #names: readonly CacheNames[];
  /** What stands for the past of a cache that is empty. */
  readonly #nothing: Tensor;
  /** Tensors by the graph's input. */
  #past: Readonly<Record<string, DeviceTensor>> = {};
  /** Rows that count. */
  #length = 0;

  constructor({ config, cacheType }: KvCacheOptions) {
    this.#names = allCacheNames(config);
    this.#nothing = { dtype: cacheType, dims: [0, config.headDim], data: viewBytes(cacheType, new Uint8Array(0)) };
    this.outputs = { keep: this.#names.flatMap(({ presentKey, presentValue }) => [presentKey, presentValue]) };
  }

  feeds(): Readonly<Record<string, Feed>> {
    const inputs = this.#names.flatMap(({ pastKey, pastValue }) => [pastKey, pastValue]);
    const past = inputs.map((name): [string, Feed] => [name, this.#past[name] ?? this.#nothing]);
    return { ...Object.fromEntries(past), [pastLengthName]: int64([1], [this.#length]) };
  }

  accept(result: RunResult): void {
    this.dispose();
    const pairs = this.#names.flatMap(({ pastKey, presentKey, pastValue, presentValue }) => [
      [pastKey, result.device(presentKey)] as const,
      [pastValue, result.device(presentValue)] as const,
    ]);
    this.#past = Object.fromEntries(pairs);
    this.#length = pairs[0]?.[1].dims[0] ?? 0;
  }

  truncate(length: number): void {
    this.#length = Math.min(this.#length, length);
    if (this.#length === 0) this.dispose();
  }

  dispose(): void {
    for (const tensor of Object.values(this.#past)) tensor.dispose();
    this.#past = {};
    this.#length = 0;
  }
}
