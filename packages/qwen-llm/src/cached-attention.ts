import {
  batchedRotary,
  branchOnRows,
  type Component,
  castTo,
  type GraphBuilder,
  linear,
  type RotaryTables,
  rotary,
  type Value,
} from '@vlmkit/onnx-graph';
import type { DecoderConfig } from './decoder-config.js';
import { extents } from './extents.js';
import type { CacheAccess } from './layer-cache.js';

/** Values that every layer's attention shares. */
export interface AttentionState {
  readonly tables: RotaryTables;
  readonly cache: CacheAccess;
  /** [s, f], or [1, 1] for one token that sees all. */
  readonly causalBias: Value;
  /** [s·g, p] or [1, 1]. */
  readonly pastBias: Value;
}

/** What the heads of all layers share and is computed once: small operators cost as much in every head as large ones. */
export class SharedByHeads {
  /** The causal bias of every (token, query head) pair, [s·g, f], or [g, 1] for one token that sees all. */
  readonly newBias: Value;
  readonly #graph: GraphBuilder;
  #lengths: Value | undefined;

  constructor(graph: GraphBuilder, { causalBias }: AttentionState, group: number) {
    this.#graph = graph.scope('shared_by_heads');
    this.newBias = repeatRows(this.#graph, causalBias, group);
  }

  /** [2] int64: tokens in the cache, and those of this run. Those of the first head asked for, as all heads have the same. */
  lengths(pastKey: Value, newKey: Value): Value {
    const length = (key: Value) => this.#graph.op('Shape', [key], { attributes: { start: 0, end: 1 }, dtype: 'int64' });
    this.#lengths ??= this.#graph.op('Concat', [length(pastKey), length(newKey)], { attributes: { axis: 0 } });
    return this.#lengths;
  }
}

/** [s, f] to [s·times, f], each row `times` times. */
function repeatRows(graph: GraphBuilder, rows: Value, times: number): Value {
  const width = graph.op('Shape', [rows], { attributes: { start: 1, end: 2 }, dtype: 'int64' });
  const repeated = graph.op('Expand', [graph.op('Unsqueeze', [rows, graph.ints(1)]), graph.ints(1, times, 1)]);
  const flat = graph.op('Concat', [graph.ints(-1), width], { attributes: { axis: 0 } });
  return graph.op('Reshape', [repeated, flat]);
}

interface CachedAttentionOptions {
  readonly config: DecoderConfig;
  readonly state: AttentionState;
  readonly shared: SharedByHeads;
  readonly layer: number;
  /** Whether this run computes many tokens. */
  readonly many: Value;
}

/**
 * Grouped-query attention over an append-only cache. The past is read where it lies and never copied: scores over past
 * and new keys are computed apart, joined for one softmax, and parted again.
 *
 * ```
 * x ─► q_proj ─► rotary ─► per key-value head: q [s·g, d]
 * x ─► k_proj ─► rotary ─► append ─► new key   [f, d]       past key   [p, d]
 * x ─► v_proj ───────────► append ─► new value [f, d]       past value [p, d]
 *
 * q · past keyᵀ [s·g, p] + bias ──┐                   ┌─ [s·g, p] · past value ─┐
 *                                 ├─ Concat ─ Softmax ┤                         + ─► [s·g, d]
 * q · new keyᵀ  [s·g, f] ─ + bias ┘                   └─ [s·g, f] · new value ──┘
 * ```
 *
 * Legend: s: tokens fed, f: tokens of this run (s, but for loops that append), p: tokens in the cache, g: query heads of one key-value head, d: width of a head.
 */
export function cachedAttention(attention: Component, x: Value, options: CachedAttentionOptions): Value {
  const { graph } = attention;
  const { config, state, shared, layer, many } = options;
  const { hiddenSize, numAttentionHeads: heads, numKeyValueHeads: kvHeads, headDim } = config;
  const projections = { q_proj: heads * headDim, k_proj: kvHeads * headDim, v_proj: kvHeads * headDim };
  const [projectedQuery, projectedKey, projectedValue] = branchOnRows(attention, {
    many,
    layers: Object.keys(projections),
    widths: Object.values(projections),
    build: (part) =>
      Object.entries(projections).map(([name, outputs]) =>
        linear(part, name, x, { inputs: hiddenSize, outputs, bias: part.has(`${name}.bias`) }),
      ),
  }) as [Value, Value, Value];

  const rotated = batchedRotary(attention, projectedQuery, state.tables, heads);
  const { scaled, scale } = scaledQuery(attention, rotated, headDim);
  const query = perHead(attention, scaled, kvHeads);
  const key = perHead(attention, rotary(attention, projectedKey, state.tables, kvHeads), kvHeads);
  const value = perHead(attention, projectedValue, kvHeads);

  const cache = state.cache(layer);
  const fresh = cache.append({ keys: key, values: value });
  const mixed = query.map((own, head) => {
    const inputs: HeadInputs = {
      query: own,
      newKey: fresh.keys[head]!,
      newValue: fresh.values[head]!,
      pastKey: cache.past.keys[head]!,
      pastValue: cache.past.values[head]!,
    };
    return headAttention(attention, inputs, {
      pastBias: state.pastBias,
      shared,
      group: heads / kvHeads,
      headDim,
      scale,
    });
  });
  const joined = mixed.length === 1 ? mixed[0]! : graph.op('Concat', mixed, { attributes: { axis: -1 } });
  const [output] = branchOnRows(attention, {
    many,
    layers: ['o_proj'],
    widths: [hiddenSize],
    build: (part) => [linear(part, 'o_proj', joined, { inputs: heads * headDim, outputs: hiddenSize })],
  }) as [Value];
  return output;
}

/**
 * The query, and what its products with keys are still to be multiplied by, 1 / √d in all. In float16 the query is
 * multiplied beforehand, since the products would overflow; in float32 the product does it, which saves an operator.
 */
function scaledQuery(
  { graph, dtype }: Component,
  query: Value,
  headDim: number,
): { readonly scaled: Value; readonly scale: number } {
  const scale = headDim ** -0.5;
  if (dtype === 'float32') return { scaled: query, scale };
  return { scaled: graph.op('Mul', [query, castTo(graph, graph.float(scale), dtype)]), scale: 1 };
}

/** [..., n·c] cut into n tensors [..., c]. */
function perHead({ graph }: Component, x: Value, count: number): Value[] {
  if (count === 1) return [x];
  return graph.ops('Split', [x], { attributes: { axis: -1, num_outputs: count }, results: count });
}

interface HeadInputs {
  /** [1, s, g·d]. */
  readonly query: Value;
  /** [f, d]. */
  readonly newKey: Value;
  readonly newValue: Value;
  /** [p, d]. */
  readonly pastKey: Value;
  readonly pastValue: Value;
}

interface HeadOptions {
  /** [s·g, p] or [1, 1]. */
  readonly pastBias: Value;
  readonly shared: SharedByHeads;
  readonly group: number;
  readonly headDim: number;
  /** What scores are multiplied by. */
  readonly scale: number;
}

/** One key-value head: [1, s, g·d] to [s, g·d]. Rows of the scores are (token, query head) pairs. */
function headAttention({ graph }: Component, inputs: HeadInputs, options: HeadOptions): Value {
  const { group, headDim, pastBias, shared, scale } = options;
  const { tokens, pairs, past, fresh, all } = extents;
  const rows = graph.op('Reshape', [inputs.query, graph.ints(-1, headDim)], { dims: [[pairs, headDim]] });
  const scores = (key: Value, bias: Value, width: string) =>
    graph.op('Gemm', [rows, key, bias], {
      attributes: { transB: 1, alpha: { float: scale } },
      dims: [[pairs, width]],
    });
  const joined = graph.op(
    'Concat',
    [scores(inputs.pastKey, pastBias, past), scores(inputs.newKey, shared.newBias, fresh)],
    { attributes: { axis: -1 }, dims: [[pairs, all]] },
  );
  const weights = graph.op('Softmax', [joined], { attributes: { axis: -1 } });
  const lengths = shared.lengths(inputs.pastKey, inputs.newKey);
  const [pastWeights, newWeights] = graph.ops('Split', [weights, lengths], {
    attributes: { axis: -1 },
    results: 2,
    dims: [
      [pairs, past],
      [pairs, fresh],
    ],
  });
  // Gemm, not MatMul: with an empty cache, onnxruntime's WebGPU provider (1.30) crashes in a MatMul over no columns.
  const fromPast = graph.op('Gemm', [pastWeights, inputs.pastValue]);
  const mixed = graph.op('Gemm', [newWeights, inputs.newValue, fromPast]);
  return graph.op('Reshape', [mixed, graph.ints(-1, group * headDim)], { dims: [[tokens, group * headDim]] });
}
