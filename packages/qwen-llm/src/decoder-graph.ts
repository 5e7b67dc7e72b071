import { type ComputeType, type DeviceProfile, type GraphModel, TimeSlices, type WeightSource } from '@vlmkit/core';
import {
  addRmsNorm,
  branchOnRows,
  Component,
  castTo,
  GraphBuilder,
  gatedMlp,
  linear,
  rmsNorm,
  type Value,
} from '@vlmkit/onnx-graph';
import { type AttentionState, cachedAttention, SharedByHeads } from './cached-attention.js';
import type { DecoderConfig } from './decoder-config.js';
import { extents } from './extents.js';
import { appendedCache, handedOnCache } from './layer-cache.js';

/** What the decoder's graph is built from. */
export interface DecoderGraphOptions {
  readonly config: DecoderConfig;
  readonly weights: WeightSource;
  readonly profile: DeviceProfile;
  /** Element type of activations (default float32). */
  readonly dtype?: ComputeType | undefined;
}

/**
 * The Qwen2.5 decoder as one graph, for prefill and for single steps alike.
 *
 * ```
 * token_ids [s] ──────► embed_tokens ─┐
 * visual [v, h] ─► Gather(visual_rows)┴ Where ─► layers ─► Gather(logit_rows) ─► norm ─► lm_head ─► logits [n, vocab]
 *                                                │  ▲
 *                                       new_rows ▼  │ past_key, past_value
 * ```
 *
 * Legend:
 * - s: tokens fed in this run        - p: tokens in the cache
 * - h: hidden size                   - d: width of a head
 * - v: visual tokens (at least one row, unused when no token is visual)
 * - n: rows of logits asked for
 *
 * Inputs: `token_ids` [s] int64; `visual` [v, h]; `visual_rows` [s] int64, the row of `visual` that stands at a token, or
 * −1; `cos`, `sin` [s, d/2]; `causal_bias` [s, s], 0 where a token may look and −∞-like where not; `past_bias`, the same
 * for the cache, [s·g, p] with g query heads of a key-value head, or [1, 1]; `logit_rows` [n] int64; `many_rows`, a scalar bool: whether layers that are stored as 8-bit integers too compute on those;
 * `past_key.L.H`, `past_value.L.H` [p, d]. Outputs: `logits` [n, vocab]; `hidden_states` [n, h];
 * `new_rows` [2·l·n·s, d] for l layers of n key-value heads: layer by layer the new keys of each head, then the new values of
 * each, which the caller appends to the cache. Where the device keeps the cache (`profile.kvCache`), a further input `past_length` [1] says how many rows of
 * the past count, and `present_key.L.H`, `present_value.L.H` [p + s, d] take the place of `new_rows`.
 */
export async function buildDecoderGraph(options: DecoderGraphOptions): Promise<GraphModel> {
  const { config, weights, profile, dtype } = options;
  const graph = new GraphBuilder();
  const model = new Component({ graph, weights, profile, ...(dtype && { dtype }) });
  const { hiddenSize, headDim, vocabSize } = config;

  const cache = profile.kvCache === 'handover' ? handedOnCache(model, config) : appendedCache(model, config);
  const state: AttentionState = {
    tables: {
      cos: model.cast(graph.input('cos', 'float32', ['s', headDim / 2])),
      sin: model.cast(graph.input('sin', 'float32', ['s', headDim / 2])),
    },
    causalBias: model.cast(graph.input('causal_bias', 'float32', ['s', 's'])),
    pastBias: model.cast(graph.input('past_bias', 'float32', ['past_rows', 'past_columns'])),
    cache: cache.access,
  };
  const { logits, hiddenStates } = await decoder(model, config, {
    tokenIds: graph.input('token_ids', 'int64', ['s']),
    visual: graph.input('visual', 'float32', ['v', hiddenSize]),
    visualRows: graph.input('visual_rows', 'int64', ['s']),
    logitRows: graph.input('logit_rows', 'int64', ['n']),
    manyRows: graph.input('many_rows', 'bool', []),
    state,
  });
  cache.finish();
  graph.output('hidden_states', hiddenStates, ['n', hiddenSize]);
  graph.output('logits', logits, ['n', vocabSize]);
  return graph.finish('qwen-llm');
}

/** What the decoder computes from. */
export interface DecoderInputs {
  /** [s]. */
  readonly tokenIds: Value;
  /** float32 [v, h]. */
  readonly visual: Value;
  /** [s]. */
  readonly visualRows: Value;
  /** [n]. */
  readonly logitRows: Value;
  /** Scalar bool. */
  readonly manyRows: Value;
  readonly state: AttentionState;
}

/** What the decoder computes, in float32. */
export interface DecoderOutputs {
  /** [n, vocab]. */
  readonly logits: Value;
  /** [n, h]. */
  readonly hiddenStates: Value;
}

/** The decoder itself, between inputs and outputs that the caller declares. Large ones take a while, so pauses are made. */
export async function decoder(model: Component, config: DecoderConfig, inputs: DecoderInputs): Promise<DecoderOutputs> {
  const { graph } = model;
  const { hiddenSize, numHiddenLayers, rmsNormEps } = config;
  const shared = new SharedByHeads(graph, inputs.state, config.numAttentionHeads / config.numKeyValueHeads);
  const many = inputs.manyRows;
  const slices = new TimeSlices();
  let stream: Stream = { sum: embeddings(model, config, inputs) };
  for (let layer = 0; layer < numHiddenLayers; layer++) {
    const options = { config, state: inputs.state, shared, layer, many };
    stream = decoderLayer(model.enter(`model.layers.${layer}`), stream, options);
    await slices.pause();
  }
  const hidden = stream.change ? graph.op('Add', [stream.sum, stream.change]) : stream.sum;
  const asked = graph.op('Gather', [hidden, inputs.logitRows]);
  const wide = model.enter('model').as('float32');
  const normed = rmsNorm(wide, 'norm', asked, { size: hiddenSize, epsilon: rmsNormEps });
  return { logits: castTo(graph, head(model, config, model.cast(normed)), 'float32'), hiddenStates: normed };
}

/** Rows of the embedding, with visual tokens in place of theirs. float32 [s, h]. */
function embeddings(
  model: Component,
  { hiddenSize, vocabSize }: DecoderConfig,
  { tokenIds: ids, visual, visualRows: rows }: DecoderInputs,
): Value {
  const { graph } = model;
  const embed = model.enter('model.embed_tokens');
  const text =
    embed.has('weight.q4') || embed.has('weight.q8')
      ? quantisedRows(embed, ids, hiddenSize)
      : storedRows(embed, ids, [vocabSize, hiddenSize]);
  const scope = graph.scope('visual_tokens');
  const isVisual = scope.op('GreaterOrEqual', [rows, graph.int(0)], { dtype: 'bool' });
  const mask = scope.op('Unsqueeze', [isVisual, graph.ints(1)]);
  return scope.op('Where', [mask, scope.op('Gather', [visual, rows]), castTo(graph, text, 'float32')], {
    dtype: 'float32',
    dims: [[extents.tokens, hiddenSize]],
  });
}

/** Embedding rows out of plain storage. Only the rows are cast, so that the weight stays as small as it is stored. */
function storedRows(embed: Component, ids: Value, dims: readonly number[]): Value {
  const stored = embed.stored('weight', dims);
  const castWhole = stored.dtype === 'float16' && !embed.profile.float16Weights;
  return embed.cast(embed.graph.op('Gather', [castWhole ? embed.cast(stored) : stored, ids]));
}

/** Embedding rows out of block-quantised storage. */
function quantisedRows(embed: Component, ids: Value, hiddenSize: number): Value {
  const bits = embed.has('weight.q4') ? 4 : 8;
  const info = embed.weights.info(embed.key(`weight.q${bits}`));
  const [vocabulary = 0, blocks = 1] = info.dims;
  const packed = embed.graph.op('Gather', [embed.stored(`weight.q${bits}`, info.dims), ids]);
  const scales = embed.graph.op('Gather', [embed.weight('weight.scales', [vocabulary, blocks]), ids]);
  const zeros = embed.has('weight.zeros')
    ? embed.graph.op('Gather', [embed.stored('weight.zeros', [vocabulary, Math.ceil(blocks / 2)]), ids])
    : undefined;
  return dequantiseRows(embed, { packed, scales, zeros, bits, hiddenSize, blocks });
}

interface PackedRows {
  readonly packed: Value;
  readonly scales: Value;
  readonly zeros: Value | undefined;
  readonly bits: 4 | 8;
  readonly hiddenSize: number;
  readonly blocks: number;
}

/** (q − zero) · scale, block by block; zero is 2^(bits−1) where blocks have none of their own. */
function dequantiseRows(embed: Component, rows: PackedRows): Value {
  const { packed, scales, zeros, bits, hiddenSize, blocks } = rows;
  const { graph } = embed;
  const values = bits === 8 ? castTo(graph, packed, 'int32') : nibbles(embed, packed);
  const blocked = graph.op('Reshape', [
    castTo(graph, values, embed.dtype),
    graph.ints(-1, blocks, hiddenSize / blocks),
  ]);
  const centred = graph.op('Sub', [
    blocked,
    zeros ? ownZeros(embed, zeros, blocks) : embed.cast(graph.float(2 ** (bits - 1))),
  ]);
  const scaled = graph.op('Mul', [centred, graph.op('Unsqueeze', [scales, graph.ints(-1)])]);
  return graph.op('Reshape', [scaled, graph.ints(-1, hiddenSize)]);
}

/** Zeros [s, ceil(blocks / 2)] of two to a byte as [s, blocks, 1]. */
function ownZeros(embed: Component, zeros: Value, blocks: number): Value {
  const { graph } = embed;
  const pairs = castTo(graph, nibbles(embed, zeros), embed.dtype);
  const all = graph.op('Reshape', [pairs, graph.ints(-1, 2 * Math.ceil(blocks / 2), 1)]);
  return graph.op('Slice', [all, graph.ints(0), graph.ints(blocks), graph.ints(1)]);
}

/** The two numbers of 4 bits in every byte, the low ones first: [..., n] uint8 to [..., n, 2] int32. */
function nibbles({ graph }: Component, packed: Value): Value {
  const wide = castTo(graph, packed, 'int32');
  const sixteen = graph.op('Cast', [graph.int(16)], { attributes: { to: 6 }, dtype: 'int32' });
  const parts = ['Mod', 'Div'].map((op) => graph.op('Unsqueeze', [graph.op(op, [wide, sixteen]), graph.ints(-1)]));
  return graph.op('Concat', parts, { attributes: { axis: -1 } });
}

interface LayerOptions {
  readonly config: DecoderConfig;
  readonly state: AttentionState;
  readonly shared: SharedByHeads;
  readonly layer: number;
  /** Whether this run computes many tokens. */
  readonly many: Value;
}

/**
 * The residual stream between layers [s, h]: what was summed so far, and what is still to be added. float32 in every precision:
 * the sum reaches tens of thousands in a few channels, beyond float16, and the norms square it.
 */
interface Stream {
  readonly sum: Value;
  readonly change?: Value;
}

/**
 * ```
 * x ─► + ─┬─► input_layernorm ─► self_attn ─► + ─┬─► post_attention_layernorm ─► mlp ─► change [s, h]
 *      ▲  └──────────────────────────────────►┘  └────────────────────────────────────► sum [s, h]
 *      └ change of the layer before
 * ```
 */
function decoderLayer(layer: Component, { sum, change }: Stream, options: LayerOptions): Stream {
  const { config, many } = options;
  const norm = { size: config.hiddenSize, epsilon: config.rmsNormEps };
  const wide = layer.as('float32');
  const entered = change
    ? addRmsNorm(wide, 'input_layernorm', [sum, change], norm)
    : { sum, normed: rmsNorm(wide, 'input_layernorm', sum, norm) };
  const attended = cachedAttention(layer.enter('self_attn'), layer.cast(entered.normed), options);
  const middle = addRmsNorm(wide, 'post_attention_layernorm', [entered.sum, wide.cast(attended)], norm);
  const { hiddenSize: size, intermediateSize: hidden, hiddenAct: activation } = config;
  const normed = layer.cast(middle.normed);
  const [mlp] = branchOnRows(layer, {
    many,
    layers: ['mlp.gate_proj', 'mlp.up_proj', 'mlp.down_proj'],
    widths: [size],
    dtype: 'float32',
    build: (part) => [gatedMlp(part, 'mlp', normed, { size, hidden, activation })],
  }) as [Value];
  return { sum: middle.sum, change: mlp };
}

/** Logits by the head's own weight where the checkpoint has one, by the embedding where the two are tied. */
function head(model: Component, { hiddenSize, vocabSize }: DecoderConfig, x: Value): Value {
  const name = model.has('lm_head.weight') || model.has('lm_head.weight.scales') ? 'lm_head' : 'model.embed_tokens';
  return linear(model, name, x, { inputs: hiddenSize, outputs: vocabSize });
}
