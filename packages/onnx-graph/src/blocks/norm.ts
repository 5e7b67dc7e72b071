import type { Component } from '../component.js';
import type { Value } from '../graph-builder.js';

/** Shape of a norm. */
export interface NormOptions {
  readonly size: number;
  readonly epsilon: number;
}

/** RMSNorm (Zhang & Sennrich 2019): x / sqrt(mean(x²) + ε) · w over the last axis. */
export function rmsNorm(component: Component, name: string, x: Value, { size, epsilon }: NormOptions): Value {
  const norm = component.enter(name);
  return norm.graph.op('SimplifiedLayerNormalization', [x, norm.weight('weight', [size])], {
    attributes: { axis: -1, epsilon: { float: epsilon }, stash_type: 1 },
  });
}

/** Sum of two tensors, and its norm. */
export interface NormedSum {
  readonly sum: Value;
  readonly normed: Value;
}

/** x + y and its RMSNorm in one node: small operators cost as much as large ones where there is one row. */
export function addRmsNorm(
  component: Component,
  name: string,
  [x, y]: readonly [Value, Value],
  options: NormOptions,
): NormedSum {
  const norm = component.enter(name);
  const [normed, , , sum] = norm.graph.ops(
    'SkipSimplifiedLayerNormalization',
    [x, y, norm.weight('weight', [options.size])],
    { domain: 'com.microsoft', attributes: { epsilon: { float: options.epsilon } }, results: 4, unused: [1, 2] },
  );
  return { sum: sum!, normed: normed! };
}

/** LayerNorm over the last axis, with weight and bias. */
export function layerNorm(component: Component, name: string, x: Value, { size, epsilon }: NormOptions): Value {
  const norm = component.enter(name);
  return norm.graph.op('LayerNormalization', [x, norm.weight('weight', [size]), norm.weight('bias', [size])], {
    attributes: { axis: -1, epsilon: { float: epsilon } },
  });
}
