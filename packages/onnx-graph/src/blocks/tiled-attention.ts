import type { Component } from '../component.js';
import type { GraphBuilder, Value } from '../graph-builder.js';
import type { AttentionInputs, AttentionOptions } from './attention.js';
import { extent } from './extent.js';

/** Shape of the heads and what the scores may take. */
export interface TiledAttentionOptions extends AttentionOptions {
  /** Most bytes of one tile's scores. */
  readonly tileBytes: number;
}

/**
 * softmax(Q Kᵀ / √d) V for long sequences on devices without a fused kernel. Queries are taken in tiles of equal length,
 * so that the scores [n, tile, s] stay below a fixed size and memory is linear in s.
 *
 * ```
 * query [b,s,n·d] ─► pad to k tiles ─► [b·k, tile, n, d]                     key [b,n,d,s], value [b,n,s,d]
 * Loop over b·k tiles                                                              │
 *   query[i] ─► [n, tile, d] · 1/√d ─► MatMul key[i / k] ─► Softmax ─► MatMul value[i / k] ─► [tile, n·d]
 * [b·k, tile, n·d] ─► [b, k·tile, n·d] ─► first s rows
 * ```
 *
 * Legend:
 * - b: sequences   - s: their length   - n: heads   - d: width of a head   - k: tiles of a sequence
 *
 * @returns [b, s, n·d].
 */
export function tiledAttention(component: Component, inputs: AttentionInputs, options: TiledAttentionOptions): Value {
  const { dtype } = component;
  const { heads, headSize, tileBytes } = options;
  const graph = component.graph.scope('tiled_attention');
  const width = heads * headSize;
  const length = extent(graph, inputs.query, 1);
  const { tiles, rows } = planTiles(graph, length, Math.max(1, Math.floor(tileBytes / (4 * heads))));

  const split = (x: Value, perm: readonly number[]) =>
    graph.op('Transpose', [graph.op('Reshape', [x, graph.ints(0, 0, heads, headSize)])], { attributes: { perm } });
  const keys = split(inputs.key, [0, 2, 3, 1]);
  const values = split(inputs.value, [0, 2, 1, 3]);
  const missing = graph.op('Sub', [graph.op('Mul', [tiles, rows]), length]);
  const pads = concat(graph, graph.ints(0, 0, 0, 0), missing, graph.ints(0));
  const padded = graph.op('Pad', [inputs.query, pads]);
  const queries = graph.op('Reshape', [padded, concat(graph, graph.ints(-1), rows, graph.ints(heads, headSize))]);

  const body = graph.subgraph('tile', (inner) => {
    const index = inner.input('index', 'int64', []);
    inner.output('go_on', inner.input('go', 'bool', []), []);
    const sequence = inner.op('Div', [index, tiles]);
    const query = inner.op('Transpose', [inner.op('Gather', [queries, index])], { attributes: { perm: [1, 0, 2] } });
    const scaled = inner.op('Mul', [query, component.on(inner).cast(inner.float(headSize ** -0.5))]);
    const scores = inner.op('MatMul', [scaled, pick(inner, keys, sequence)]);
    const weights = inner.op('Softmax', [scores], { attributes: { axis: -1 } });
    const mixed = inner.op('MatMul', [weights, pick(inner, values, sequence)]);
    const joined = inner.op('Transpose', [mixed], { attributes: { perm: [1, 0, 2] } });
    inner.output('mixed', inner.op('Reshape', [joined, inner.ints(0, width)]), ['rows', width]);
  });
  const count = graph.op('Mul', [tiles, extent(graph, inputs.query, 0)]);
  const looped = graph.op('Loop', [count, undefined], { attributes: { body }, dtype });
  const whole = graph.op('Reshape', [
    looped,
    concat(graph, extent(graph, inputs.query, 0), graph.ints(-1), graph.ints(width)),
  ]);
  return graph.op('Slice', [whole, graph.ints(0), length, graph.ints(1)]);
}

/** Tiles of a sequence and rows of a tile, [1] each, so that rows · length stays within `scores`. */
function planTiles(
  graph: GraphBuilder,
  length: Value,
  scores: number,
): { readonly tiles: Value; readonly rows: Value } {
  const one = graph.ints(1);
  const most = graph.op('Max', [graph.op('Div', [graph.ints(scores), length]), one]);
  const tiles = ceilDivide(graph, length, most);
  return { tiles, rows: ceilDivide(graph, length, tiles) };
}

function ceilDivide(graph: GraphBuilder, dividend: Value, divisor: Value): Value {
  const rounded = graph.op('Sub', [graph.op('Add', [dividend, divisor]), graph.ints(1)]);
  return graph.op('Div', [rounded, divisor]);
}

/** Row `index` [1] of `x`, without its first axis. */
function pick(graph: GraphBuilder, x: Value, index: Value): Value {
  return graph.op('Squeeze', [graph.op('Gather', [x, index]), graph.ints(0)]);
}

function concat(graph: GraphBuilder, ...parts: readonly Value[]): Value {
  return graph.op('Concat', parts, { attributes: { axis: 0 } });
}
