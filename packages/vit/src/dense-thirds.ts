import {
  type Component,
  type DenseInput,
  hasInt8Weight,
  int8Linear,
  linear,
  type Value,
  viewRows,
} from '@vlmkit/onnx-graph';

/**
 * The dense layer `qkv`, whose matrix is three of [size, size], one above the other. Three products rather than one
 * spare the copies that would split the result; the matrices are views of the stored bytes. Blocks of 4 or 8 bits are one
 * product, which is split.
 */
export function denseThirds(component: Component, name: string, x: DenseInput, size: number): [Value, Value, Value] {
  const layer = component.enter(name);
  const { graph, weights } = layer;
  if (layer.has('weight.q4') || layer.has('weight.q8')) {
    const joint = linear(component, name, x.value, { inputs: size, outputs: 3 * size, bias: true });
    const [query, key, value] = graph.ops('Split', [joint], { attributes: { axis: 1, num_outputs: 3 }, results: 3 });
    return [query!, key!, value!];
  }
  const third = (index: number): Value => {
    if (hasInt8Weight(layer)) {
      const part = { index, of: 3 };
      return component.cast(int8Linear(layer, x.int8, { inputs: size, outputs: size, bias: true, part }));
    }
    const stored = (kind: string, dims: readonly number[]) =>
      layer.castWeight(graph.weight(viewRows(weights.info(layer.key(kind), dims), index * size, (index + 1) * size)));
    return graph.op('Gemm', [x.value, stored('weight', [3 * size, size]), stored('bias', [3 * size])], {
      attributes: { transB: 1 },
    });
  };
  return [third(0), third(1), third(2)];
}
