import { byteSize, type DataType, PromptError, type RowBuffer, type Runtime } from '@vlmkit/core';
import { cacheNames, newRowsName } from './cache-names.js';
import type { DecoderConfig } from './decoder-config.js';

/** What a cache is made of. */
export interface KvCacheOptions {
  readonly config: DecoderConfig;
  readonly runtime: Runtime;
  readonly cacheType: DataType;
  /** Tokens that the cache holds. */
  readonly capacity: number;
}

/** Append-only rows: one buffer of keys and one of values for every layer and key-value head. */
export class KvCache {
  /** Buffers by the graph's input, to feed. */
  readonly past: Readonly<Record<string, RowBuffer>>;
  /** Buffers by the graph's output, to append to: each takes its part of a layer's new rows. */
  readonly appends: Readonly<Record<string, readonly RowBuffer[]>>;
  readonly byteLength: number;

  constructor({ config, runtime, cacheType, capacity }: KvCacheOptions) {
    const { numHiddenLayers, numKeyValueHeads, headDim } = config;
    this.byteLength = numHiddenLayers * numKeyValueHeads * 2 * capacity * headDim * byteSize(cacheType);
    const past: Record<string, RowBuffer> = {};
    const appends: Record<string, readonly RowBuffer[]> = {};
    for (let layer = 0; layer < numHiddenLayers; layer++) {
      const heads = Array.from({ length: numKeyValueHeads }, (_, head) => cacheNames(layer, head));
      const names = [...heads.map(({ pastKey }) => pastKey), ...heads.map(({ pastValue }) => pastValue)];
      for (const name of names) past[name] = runtime.createRows(cacheType, [headDim], capacity);
      appends[newRowsName(layer)] = names.map((name) => past[name]!);
    }
    this.past = past;
    this.appends = appends;
  }

  /** Forgets the tokens from `length` on. */
  truncate(length: number): void {
    for (const rows of Object.values(this.past)) rows.truncate(length);
  }

  dispose(): void {
    for (const rows of Object.values(this.past)) rows.dispose();
  }
}

/** @throws PromptError when one sequence is to be longer than the model's context. */
export function checkContext(capacity: number, { maxPositionEmbeddings }: DecoderConfig): void {
  if (capacity <= maxPositionEmbeddings) return;
  throw new PromptError('The conversation does not fit the model.', {
    expected: `at most ${maxPositionEmbeddings} tokens, prompt and answer together`,
    actual: `${capacity}`,
    remedy: 'Ask for fewer new tokens, shorten the prompt, or lower max_pixels.',
  });
}
