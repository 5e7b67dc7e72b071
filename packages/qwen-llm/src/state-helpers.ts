import type { BackboneState, Tensor } from '@vlmkit/core';

/** Forgets tokens of the cache that did not become text. */
export function dropAfter(state: BackboneState, length: number): void {
  if (state.length > length) state.truncate(length);
}

/** The last row of [n, vocabulary]. */
export function lastRow({ dims, data }: Tensor<'float32'>): Float32Array {
  const vocabulary = dims.at(-1)!;
  return data.subarray(data.length - vocabulary);
}
