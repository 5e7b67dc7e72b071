import type { Component, Value } from '@vlmkit/onnx-graph';
import { cacheNames } from './cache-names.js';

/** The cache of one key-value head, as one run sees it. */
export interface HeadCache {
  /** [p, d]. */
  readonly pastKey: Value;
  /** [p, d]. */
  readonly pastValue: Value;
  /** Adds the rows [s, d] of the tokens fed. Returns the rows [f, d] that the past lacks: those, and earlier ones of this run. */
  append(key: Value, value: Value): KeyValueRows;
}

/** Keys and values of the same tokens. */
export interface KeyValueRows {
  readonly key: Value;
  readonly value: Value;
}

/** Finds the cache of a head. */
export type CacheAccess = (layer: number, head: number) => HeadCache;

/** The cache as inputs of the graph, and as outputs whose rows the caller appends to it. */
export function cacheInputs({ graph, dtype }: Component, headDim: number): CacheAccess {
  return (layer, head) => {
    const names = cacheNames(layer, head);
    return {
      pastKey: graph.input(names.pastKey, dtype, ['p', headDim]),
      pastValue: graph.input(names.pastValue, dtype, ['p', headDim]),
      append: (key, value) => {
        graph.output(names.newKey, key, ['s', headDim]);
        graph.output(names.newValue, value, ['s', headDim]);
        return { key, value };
      },
    };
  };
}
