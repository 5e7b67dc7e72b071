import {
  activation,
  type Component,
  castTo,
  DenseInput,
  dense,
  layerNorm,
  type RotaryTables,
  rmsNorm,
  rotary,
  type Value,
  viewAs,
} from '@vlmkit/onnx-graph';
import { patchValues, type VitConfig } from './config.js';
import { denseThirds } from './dense-thirds.js';

/*
 * One block, pre-norm. The residual x and the norms are float32 in every precision, and so is what a gated feed-forward
 * layer multiplies and projects down: there activations reach tens of thousands, beyond float16.
 *
 *   x ─┬─ norm1 ─ q,k,v ─ rotary ─ attention ─ proj ─ + ─┬─ norm2 ─ gate, up ─ act · ─ down ─ + ─►
 *      └──────────────────────────────────────────────┘ └───────────────────────────────────┘
 *
 * Legend:
 * - s: patches   - e: width of the encoder   - d: values of a patch
 */

/** Queries, keys and values, each [s, e]. */
export interface Projections {
  readonly query: Value;
  readonly key: Value;
  readonly value: Value;
}

/** The 2x14x14 convolution over patches that do not overlap is a dense layer on their values: [s, d] to float32 [s, e]. */
export function patchEmbedding(visual: Component, patches: Value, config: VitConfig): Value {
  const proj = visual.enter('patch_embed.proj');
  const { hiddenSize, inChannels, temporalPatchSize, patchSize } = config;
  const kernel = [hiddenSize, inChannels, temporalPatchSize, patchSize, patchSize];
  const info = proj.weights.info(proj.key('weight'), kernel);
  const weight = proj.castWeight(proj.graph.weight(viewAs(info, [hiddenSize, patchValues(config)])));
  const embedded = proj.graph.op('Gemm', [proj.cast(patches), weight], { attributes: { transB: 1 } });
  return castTo(proj.graph, embedded, 'float32');
}

/** The first half of a block up to attention, in the block's element type. x [s, e] float32. */
export function projections(block: Component, x: Value, tables: RotaryTables, config: VitConfig): Projections {
  const { hiddenSize, numHeads } = config;
  const normed = new DenseInput(block, block.cast(norm(block, 'norm1', x, config)));
  const attn = block.enter('attn');
  const angles = { cos: block.cast(tables.cos), sin: block.cast(tables.sin) };
  const [query, key, value] = denseThirds(attn, 'qkv', normed, hiddenSize);
  return { query: rotary(attn, query, angles, numHeads), key: rotary(attn, key, angles, numHeads), value };
}

/** The rest of a block: `mixed` [s, e] is what attention returned for x [s, e]. Returns float32. */
export function finishBlock(block: Component, x: Value, mixed: Value, config: VitConfig): Value {
  const { graph } = block;
  const size = config.hiddenSize;
  const projected = dense(block, 'attn.proj', new DenseInput(block, mixed), { inputs: size, outputs: size });
  const attended = graph.op('Add', [x, castTo(graph, projected, 'float32')]);
  return graph.op('Add', [attended, mlp(block.enter('mlp'), norm(block, 'norm2', attended, config), config)]);
}

/** float32 [s, e]. */
function norm(block: Component, name: string, x: Value, config: VitConfig): Value {
  const options = { size: config.hiddenSize, epsilon: config.normEps };
  const wide = block.as('float32');
  return config.norm === 'rms' ? rmsNorm(wide, name, x, options) : layerNorm(wide, name, x, options);
}

/** float32 [s, e] to float32 [s, e]. */
function mlp(component: Component, x: Value, config: VitConfig): Value {
  const { graph } = component;
  const { hiddenSize, intermediateSize, hiddenAct } = config;
  const wide = component.as('float32');
  const input = new DenseInput(component, component.cast(x));
  const widen = { inputs: hiddenSize, outputs: intermediateSize };
  const narrow = { inputs: intermediateSize, outputs: hiddenSize };
  const widened = (name: string) => wide.cast(dense(component, name, input, widen));
  if (config.feedForward === 'plain') {
    const hidden = activation(graph, hiddenAct, widened('fc1'));
    return dense(wide, 'fc2', new DenseInput(wide, hidden), narrow);
  }
  const hidden = graph.op('Mul', [activation(graph, hiddenAct, widened('gate_proj')), widened('up_proj')]);
  return dense(wide, 'down_proj', new DenseInput(wide, hidden), narrow);
}
