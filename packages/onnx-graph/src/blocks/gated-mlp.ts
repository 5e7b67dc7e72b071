import type { Component } from '../component.js';
import type { Value } from '../graph-builder.js';
import { activation } from './activation.js';
import { linear } from './linear.js';

/** Shape of a gated MLP. */
export interface GatedMlpOptions {
  readonly size: number;
  readonly hidden: number;
  readonly activation: string;
  readonly bias?: boolean | undefined;
}

/**
 * The gated MLP (SwiGLU when the activation is silu; Shazeer 2020). What is multiplied and projected down is float32 in every
 * precision, and so is the result: activations reach tens of thousands there, and their products are beyond float16.
 *
 * ```
 *          ┌─► gate_proj ─► activation ─┐
 * x [s, c] ┤                            ├─ Mul ─► down_proj ─► float32 [s, c]
 *          └─► up_proj ─────────────────┘
 * ```
 */
export function gatedMlp(component: Component, name: string, x: Value, options: GatedMlpOptions): Value {
  const { size, hidden, bias = false } = options;
  const mlp = component.enter(name);
  const wide = mlp.as('float32');
  const widened = (layer: string) => wide.cast(linear(mlp, layer, x, { inputs: size, outputs: hidden, bias }));
  const gate = widened('gate_proj');
  const gated = mlp.graph.op('Mul', [activation(mlp.graph, options.activation, gate), widened('up_proj')]);
  return linear(wide, 'down_proj', gated, { inputs: hidden, outputs: size, bias });
}
