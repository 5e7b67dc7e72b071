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

/** LayerNorm over the last axis, with weight and bias. */
export function layerNorm(component: Component, name: string, x: Value, { size, epsilon }: NormOptions): Value {
  const norm = component.enter(name);
  return norm.graph.op('LayerNormalization', [x, norm.weight('weight', [size]), norm.weight('bias', [size])], {
    attributes: { axis: -1, epsilon: { float: epsilon } },
  });
}
