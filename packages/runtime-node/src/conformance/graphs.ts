import type { DataType, GraphModel, Tensor } from '@vlmkit/core';
import { GraphBuilder } from '@vlmkit/onnx-graph';

/*
 * Small graphs that the cases run.
 *
 * Legend:
 * - n: rows   - k: width of x   - m: width of y
 */

/** y = x W, with W [k, m] given in memory. x is [n, k]. */
export function productGraph(weight: Tensor): GraphModel {
  const graph = new GraphBuilder();
  const [k = 0, m = 0] = weight.dims;
  const x = graph.input('x', 'float32', ['n', k]);
  graph.output('y', graph.op('MatMul', [x, graph.inlineWeight('w', weight)]), ['n', m]);
  return graph.finish('product');
}

/** y = x followed by x, of any type. x is [n, 2]. */
export function twiceGraph(dtype: DataType): GraphModel {
  const graph = new GraphBuilder();
  const x = graph.input('x', dtype, ['n', 2]);
  graph.output('y', graph.op('Concat', [x, x], { attributes: { axis: 0 } }), ['m', 2]);
  return graph.finish('twice');
}

/** An append-only cache in miniature: new = 2x, all = past followed by new. x and past are [n, 2] and [p, 2]. */
export function cacheGraph(): GraphModel {
  const graph = new GraphBuilder();
  const x = graph.input('x', 'float32', ['n', 2]);
  const past = graph.input('past', 'float32', ['p', 2]);
  const doubled = graph.op('Mul', [x, graph.float(2)]);
  graph.output('new', doubled, ['n', 2]);
  graph.output('all', graph.op('Concat', [past, doubled], { attributes: { axis: 0 } }), ['t', 2]);
  return graph.finish('cache');
}

/**
 * Three caches in miniature: pair = x followed by 2x, for `left` and `right`; single = 3x, for `other`. Returns what was fed
 * to each, as `all_left`, `all_right`, `all_other` [p, 2].
 */
export function pairedCacheGraph(): GraphModel {
  const graph = new GraphBuilder();
  const x = graph.input('x', 'float32', ['n', 2]);
  const pair = graph.op('Concat', [x, graph.op('Mul', [x, graph.float(2)])], { attributes: { axis: 0 } });
  graph.output('pair', pair, ['m', 2]);
  graph.output('single', graph.op('Mul', [x, graph.float(3)]), ['n', 2]);
  for (const name of ['left', 'right', 'other']) {
    graph.output(`all_${name}`, graph.op('Identity', [graph.input(name, 'float32', [name, 2])]), [name, 2]);
  }
  return graph.finish('paired_cache');
}

/** sum = a + b, difference = a - b, both [n]. */
export function sumGraph(): GraphModel {
  const graph = new GraphBuilder();
  const a = graph.input('a', 'float32', ['n']);
  const b = graph.input('b', 'float32', ['n']);
  graph.output('sum', graph.op('Add', [a, b]), ['n']);
  graph.output('difference', graph.op('Sub', [a, b]), ['n']);
  return graph.finish('sum');
}

/**
 * The cache of {@link cacheGraph} with an output `wide` of x as float64, which no tensor of core can hold: the run succeeds,
 * and then its output cannot be returned.
 */
export function wideCacheGraph(): GraphModel {
  const graph = new GraphBuilder();
  const x = graph.input('x', 'float32', ['n', 2]);
  const past = graph.input('past', 'float32', ['p', 2]);
  graph.output('new', x, ['n', 2]);
  graph.output('wide', graph.op('Cast', [x], { attributes: { to: float64 } }), ['n', 2]);
  graph.output('all', graph.op('Concat', [past, x], { attributes: { axis: 0 } }), ['t', 2]);
  const model = graph.finish('wide_cache');
  return { ...model, encode: (place) => widened(model.encode(place)) };
}

/** ONNX's number for float64. */
const float64 = 11;

/** Declares the output `wide` as float64: its ValueInfoProto is its name and, in two messages of one byte's length, its type. */
function widened(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const name = [0x0a, 4, ...new TextEncoder().encode('wide'), 0x12];
  const start = bytes.findIndex((_, i) => name.every((byte, k) => bytes[i + k] === byte));
  bytes[start + name.length + 4] = float64;
  return bytes;
}
