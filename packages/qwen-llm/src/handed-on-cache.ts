import { type DeviceTensor, type Feed, int64, type RunResult, type Tensor, viewBytes } from '@vlmkit/core';
import { allCacheNames, pastLengthName } from './cache-names.js';
import type { KvCache, KvCacheOptions } from './kv-cache.js';

/** Tensors that stay on the device and go from one run into the next. Their memory grows with the tokens. */
export class HandedOnCache implements KvCache {
  readonly options: { readonly keep: readonly string[] };
  /** Each input of the graph, and the output that it is fed next. */
  readonly #names: readonly (readonly [past: string, present: string])[];
  /** What stands for the past of a cache that is empty. */
  readonly #nothing: Tensor;
  /** One for every pair of names; none while the cache is empty. */
  #tensors: readonly DeviceTensor[] = [];
  /** Rows that count. */
  #length = 0;
  #disposed = false;

  constructor({ config, cacheType }: KvCacheOptions) {
    this.#names = allCacheNames(config).flatMap(({ pastKey, presentKey, pastValue, presentValue }) => [
      [pastKey, presentKey] as const,
      [pastValue, presentValue] as const,
    ]);
    this.#nothing = { dtype: cacheType, dims: [0, config.headDim], data: viewBytes(cacheType, new Uint8Array(0)) };
    this.options = { keep: this.#names.map(([, present]) => present) };
  }

  feeds(): Readonly<Record<string, Feed>> {
    const past = this.#names.map(([name], i): [string, Feed] => [name, this.#tensors[i] ?? this.#nothing]);
    return { ...Object.fromEntries(past), [pastLengthName]: int64([1], [this.#length]) };
  }

  accept(result: RunResult): void {
    this.#free();
    this.#tensors = this.#names.map(([, present]) => result.device(present));
    this.#length = this.#tensors[0]?.dims[0] ?? 0;
    // The cache may have been given up while the run was under way.
    if (this.#disposed) this.#free();
  }

  truncate(length: number): void {
    this.#length = Math.min(this.#length, length);
    if (this.#length === 0) this.#free();
  }

  dispose(): void {
    this.#disposed = true;
    this.#free();
  }

  #free(): void {
    for (const tensor of this.#tensors) tensor.dispose();
    this.#tensors = [];
    this.#length = 0;
  }
}
