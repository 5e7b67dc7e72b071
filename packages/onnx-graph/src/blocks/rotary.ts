import type { Component } from '../component.js';
import type { Value } from '../graph-builder.js';

/**
 * Rotates heads by per-token angles. Row i of the tables belongs to token i, whatever its position is: the tables carry
 * one, two or three position axes alike, so M-RoPE and the ViT's 2-D rotary need no operator of their own.
 *
 * Legend:
 * - s: tokens   - n: heads   - d: width of a head
 */
export interface RotaryTables {
  /** [s, d / 2] float. */
  readonly cos: Value;
  /** [s, d / 2] float. */
  readonly sin: Value;
}

/**
 * RoPE (Su et al. 2021) in the split-halves layout: (x₁, x₂) → (x₁ cos − x₂ sin, x₂ cos + x₁ sin).
 *
 * ```
 * x [s, n·d] ─► batchedRotary [1, s, n·d] ─► Squeeze [s, n·d]
 * ```
 */
export function rotary(component: Component, x: Value, tables: RotaryTables, heads: number): Value {
  const { graph } = component;
  return graph.op('Squeeze', [batchedRotary(component, x, tables, heads), graph.ints(0)]);
}

/**
 * The same, as a batch of one: for callers that reshape the result anyway.
 *
 * ```
 * x [s, n·d] ─► Unsqueeze [1, s, n·d] ─► RotaryEmbedding(offset 0, cos, sin) ─► [1, s, n·d]
 * ```
 */
export function batchedRotary(component: Component, x: Value, tables: RotaryTables, heads: number): Value {
  const { graph } = component;
  const batched = graph.op('Unsqueeze', [x, graph.ints(0)]);
  return graph.op('RotaryEmbedding', [batched, graph.ints(0), tables.cos, tables.sin], {
    domain: 'com.microsoft',
    attributes: { num_heads: heads },
  });
}
