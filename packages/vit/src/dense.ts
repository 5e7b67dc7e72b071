import { type Component, castTo, type Value, viewRows } from '@vlmkit/onnx-graph';

/** Shape of a dense layer, and the rows of the stored matrix that it uses. */
export interface DenseOptions {
  readonly inputs: number;
  readonly outputs: number;
  /** Take outputs `start` to `start + outputs` of a stored matrix of `of` outputs, such as one third of `qkv`. */
  readonly part?: { readonly start: number; readonly of: number };
}

/** y = x Wᵀ + b with W [outputs, inputs]. x is [s, inputs], y [s, outputs]. */
export function dense(component: Component, name: string, x: Value, options: DenseOptions): Value {
  const { inputs, outputs, part = { start: 0, of: outputs } } = options;
  const layer = component.enter(name);
  const { graph, weights, dtype } = layer;
  const stored = (kind: string, dims: readonly number[]) => {
    const info = weights.info(layer.key(kind), dims);
    const view = part.of === outputs ? info : viewRows(info, part.start, part.start + outputs);
    return castTo(graph, graph.weight(view), dtype);
  };
  return graph.op('Gemm', [x, stored('weight', [part.of, inputs]), stored('bias', [part.of])], {
    attributes: { transB: 1 },
  });
}
