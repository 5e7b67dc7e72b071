import { ConfigError } from '@vlmkit/core';
import type { GraphBuilder, Value } from '../graph-builder.js';

/** Activations by the names that configs use. */
export type ActivationName = 'silu' | 'gelu' | 'quick_gelu';

const builders: Readonly<Record<ActivationName, (graph: GraphBuilder, x: Value) => Value>> = {
  /** x · σ(x). */
  silu: (graph, x) => graph.op('Mul', [x, graph.op('Sigmoid', [x])]),
  /** x · Φ(x), with the error function. */
  gelu: (graph, x) => graph.op('Gelu', [x], { domain: 'com.microsoft' }),
  /** x · σ(1.702 x). */
  quick_gelu: (graph, x) =>
    graph.op('QuickGelu', [x], { domain: 'com.microsoft', attributes: { alpha: { float: 1.702 } } }),
};

/**
 * Applies the activation that a config names.
 *
 * @throws ConfigError when vlmkit does not know it.
 */
export function activation(graph: GraphBuilder, name: string, x: Value): Value {
  if (!isActivation(name)) {
    throw new ConfigError(`config.json names an unknown activation, "${name}".`, {
      expected: Object.keys(builders).join(', '),
      remedy: "Compare hidden_act with the published model's.",
    });
  }
  return builders[name](graph, x);
}

function isActivation(name: string): name is ActivationName {
  return Object.hasOwn(builders, name);
}
