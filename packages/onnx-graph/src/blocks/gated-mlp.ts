import type { Component } from '../component.js';
import type { Value } from '../graph-builder.js';
import { activation } from './activation.js';
import { linear } from './linear.js';

/** Shape of a gated MLP. */
export interface GatedMlpOptions {
  readonly size: number;
  readonly hidden: number;
  readonly activation: string;
  readonly bias?: boolean;
}

/**
 * The gated MLP (SwiGLU when the activation is silu; Shazeer 2020).
 *
 * ```
 *          ┌─► gate_proj ─► activation ─┐
 * x [s, c] ┤                            ├─ Mul ─► down_proj ─► [s, c]
 *          └─► up_proj ─────────────────┘
 * ```
 */
export function gatedMlp(component: Component, name: string, x: Value, options: GatedMlpOptions): Value {
  const { size, hidden, bias = false } = options;
  const mlp = component.enter(name);
  const gate = linear(mlp, 'gate_proj', x, { inputs: size, outputs: hidden, bias });
  const up = linear(mlp, 'up_proj', x, { inputs: size, outputs: hidden, bias });
  const gated = mlp.graph.op('Mul', [activation(mlp.graph, options.activation, gate), up]);
  return linear(mlp, 'down_proj', gated, { inputs: hidden, outputs: size, bias });
}
