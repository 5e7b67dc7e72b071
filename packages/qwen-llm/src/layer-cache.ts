import type { Component, GraphBuilder, Value } from '@vlmkit/onnx-graph';
import { cacheNames, newRowsName, pastLengthName } from './cache-names.js';
import { extents } from './extents.js';

/** Keys and values of the same tokens, for each key-value head of a layer. */
export interface KeyValueRows {
  readonly keys: readonly Value[];
  readonly values: readonly Value[];
}

/** The cache of one layer, as one run sees it. */
export interface LayerCache {
  /** [p, d] each. */
  readonly past: KeyValueRows;
  /** Adds the rows [s, d] of the tokens fed. Returns the rows [f, d] that the past lacks: those, and earlier ones of this run. */
  append(rows: KeyValueRows): KeyValueRows;
}

/** Finds the cache of a layer. Layers are asked for in order. */
export type CacheAccess = (layer: number) => LayerCache;

/** A cache that is an input of the graph. */
export interface GraphCache {
  readonly access: CacheAccess;
  /** To be called behind the last layer: declares what all layers return together. */
  finish(): void;
}

/** Extents of the cache. */
export interface CacheShape {
  readonly numKeyValueHeads: number;
  readonly headDim: number;
}

/** The cache as inputs of the graph, and as an output whose rows the caller appends to it. */
export function appendedCache({ graph, dtype }: Component, shape: CacheShape): GraphCache {
  const added: KeyValueRows[] = [];
  return {
    access: (layer) => ({
      past: pastRows(layer, shape, (name) => graph.input(name, dtype, ['p', shape.headDim])),
      append: (rows) => {
        added.push(rows);
        return rows;
      },
    }),
    finish: () => outputNewRows(graph, added, shape),
  };
}

/**
 * The cache as tensors that stay on the device: what went in, less the rows that no longer count, comes out with the new
 * rows behind it, and goes in again.
 */
export function handedOnCache({ graph, dtype }: Component, shape: CacheShape): GraphCache {
  const length = graph.input(pastLengthName, 'int64', [1]);
  const counted = (name: string) =>
    graph.op('Slice', [graph.input(name, dtype, [`${name}.0`, shape.headDim]), graph.ints(0), length, graph.ints(0)], {
      dims: [[extents.past, shape.headDim]],
    });
  const access: CacheAccess = (layer) => {
    const past = pastRows(layer, shape, counted);
    const hand = (name: string, before: Value, rows: Value) =>
      graph.output(name, graph.op('Concat', [before, rows], { attributes: { axis: 0 } }), [extents.all, shape.headDim]);
    return {
      past,
      append: (rows) => {
        for (let head = 0; head < shape.numKeyValueHeads; head++) {
          const { presentKey, presentValue } = cacheNames(layer, head);
          hand(presentKey, past.keys[head]!, rows.keys[head]!);
          hand(presentValue, past.values[head]!, rows.values[head]!);
        }
        return rows;
      },
    };
  };
  return { access, finish: () => undefined };
}

/** Keys and values of a layer's heads, each found by the name of its input. */
export function pastRows(layer: number, { numKeyValueHeads }: CacheShape, find: (name: string) => Value): KeyValueRows {
  const names = Array.from({ length: numKeyValueHeads }, (_, head) => cacheNames(layer, head));
  return {
    keys: names.map(({ pastKey }) => find(pastKey)),
    values: names.map(({ pastValue }) => find(pastValue)),
  };
}

/** Makes the new rows of all layers one output [2·l·n·f, d] for l layers of n heads, in the order of `pastNames`. */
export function outputNewRows(graph: GraphBuilder, layers: readonly KeyValueRows[], { headDim }: CacheShape): void {
  const dims = [extents.newRows, headDim];
  const rows = layers.flatMap(({ keys, values }) => [...keys, ...values]);
  graph.output(newRowsName, graph.op('Concat', rows, { attributes: { axis: 0 }, dims: [dims] }), dims);
}
