import type { GraphBuilder, Value } from '@vlmkit/onnx-graph';

/** Extent 0 of `value`, as [1] int64. */
export function firstExtent(graph: GraphBuilder, value: Value): Value {
  return graph.op('Shape', [value], { attributes: { start: 0, end: 1 }, dtype: 'int64' });
}

/** Names for the formal inputs and outputs of a subgraph, which must be unlike all others in the graph. */
export function formalNames(graph: GraphBuilder): (name: string) => string {
  return (name) => `${graph.path}.${name}`;
}
