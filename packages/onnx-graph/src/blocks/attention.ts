import type { Component } from '../component.js';
import type { Value } from '../graph-builder.js';

/**
 * Queries, keys and values of independent sequences.
 *
 * Legend:
 * - b: sequences, attending each within itself   - s: their length
 * - n: heads                                     - d: width of a head
 */
export interface AttentionInputs {
  /** [b, s, n·d]. */
  readonly query: Value;
  /** [b, s, n·d]. */
  readonly key: Value;
  /** [b, s, n·d]. */
  readonly value: Value;
}

/** Shape of the heads. */
export interface AttentionOptions {
  readonly heads: number;
  readonly headSize: number;
}

/** softmax(Q Kᵀ / √d) V without causality. [b, s, n·d], by the kernel that the device has. */
export function attention(component: Component, inputs: AttentionInputs, options: AttentionOptions): Value {
  return component.profile.attention === 'fused'
    ? fusedAttention(component, inputs, options)
    : composedAttention(component, inputs, options);
}

/** One MultiHeadAttention node; it runs in tiles, so that memory stays linear in s. */
function fusedAttention(component: Component, inputs: AttentionInputs, { heads }: AttentionOptions): Value {
  const { graph } = component;
  const { query, key, value } = inputs;
  return graph.op('MultiHeadAttention', [query, key, value], {
    domain: 'com.microsoft',
    attributes: { num_heads: heads },
  });
}

/**
 * ```
 * query [b,s,n·d] ─► [b,n,s,d] ─► ·1/√d ─┐
 * key   [b,s,n·d] ─► [b,n,d,s] ──────────┴ MatMul ─► Softmax ─┐
 * value [b,s,n·d] ─► [b,n,s,d] ───────────────────────────────┴ MatMul ─► [b,s,n·d]
 * ```
 */
function composedAttention(component: Component, inputs: AttentionInputs, options: AttentionOptions): Value {
  const { graph } = component;
  const { heads, headSize } = options;
  const split = (x: Value, perm: readonly number[]) =>
    graph.op('Transpose', [graph.op('Reshape', [x, graph.ints(0, 0, heads, headSize)])], { attributes: { perm } });
  const scale = graph.float(headSize ** -0.5);
  const query = graph.op('Mul', [split(inputs.query, [0, 2, 1, 3]), scale]);
  const scores = graph.op('MatMul', [query, split(inputs.key, [0, 2, 3, 1])]);
  const weights = graph.op('Softmax', [scores], { attributes: { axis: -1 } });
  const mixed = graph.op('MatMul', [weights, split(inputs.value, [0, 2, 1, 3])]);
  const joined = graph.op('Transpose', [mixed], { attributes: { perm: [0, 2, 1, 3] } });
  return graph.op('Reshape', [joined, graph.ints(0, 0, heads * headSize)]);
}
