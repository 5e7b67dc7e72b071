import type { GraphBuilder, Value } from '../graph-builder.js';

/** One extent of a value, known only at run time: [1] int64. */
export function extent(graph: GraphBuilder, value: Value, axis: number): Value {
  return graph.op('Shape', [value], { attributes: { start: axis, end: axis + 1 }, dtype: 'int64' });
}
