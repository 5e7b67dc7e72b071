import {
  activation,
  type Component,
  castTo,
  layerNorm,
  type RotaryTables,
  rmsNorm,
  rotary,
  type Value,
  viewAs,
} from '@vlmkit/onnx-graph';
import { patchValues, type VitConfig } from './config.js';
import { DenseInput, dense, denseThirds } from './dense.js';

/*
 * One block, pre-norm:
 *
 *   x ─┬─ norm1 ─ q,k,v ─ rotary ─ attention ─ proj ─ + ─┬─ norm2 ─ mlp ─ + ─►
 *      └──────────────────────────────────────────────┘ └────────────────┘
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

/** The 2x14x14 convolution over patches that do not overlap is a dense layer on their values: [s, d] to [s, e]. */
export function patchEmbedding(visual: Component, patches: Value, config: VitConfig): Value {
  const proj = visual.enter('patch_embed.proj');
  const { hiddenSize, inChannels, temporalPatchSize, patchSize } = config;
  const kernel = [hiddenSize, inChannels, temporalPatchSize, patchSize, patchSize];
  const info = proj.weights.info(proj.key('weight'), kernel);
  const weight = castTo(proj.graph, proj.graph.weight(viewAs(info, [hiddenSize, patchValues(config)])), proj.dtype);
  return proj.graph.op('Gemm', [patches, weight], { attributes: { transB: 1 } });
}

/** The first half of a block up to attention. x [s, e]. */
export function projections(block: Component, x: Value, tables: RotaryTables, config: VitConfig): Projections {
  const { hiddenSize, numHeads } = config;
  const normed = new DenseInput(block.graph, norm(block, 'norm1', x, config));
  const attn = block.enter('attn');
  const [query, key, value] = denseThirds(attn, 'qkv', normed, hiddenSize);
  return { query: rotary(attn, query, tables, numHeads), key: rotary(attn, key, tables, numHeads), value };
}

/** The rest of a block: `mixed` [s, e] is what attention returned for x [s, e]. */
export function finishBlock(block: Component, x: Value, mixed: Value, config: VitConfig): Value {
  const { graph } = block;
  const size = config.hiddenSize;
  const projected = dense(block, 'attn.proj', new DenseInput(graph, mixed), { inputs: size, outputs: size });
  const attended = graph.op('Add', [x, projected]);
  return graph.op('Add', [attended, mlp(block.enter('mlp'), norm(block, 'norm2', attended, config), config)]);
}

function norm(block: Component, name: string, x: Value, config: VitConfig): Value {
  const options = { size: config.hiddenSize, epsilon: config.normEps };
  return config.norm === 'rms' ? rmsNorm(block, name, x, options) : layerNorm(block, name, x, options);
}

function mlp(component: Component, x: Value, config: VitConfig): Value {
  const { graph } = component;
  const { hiddenSize, intermediateSize, hiddenAct } = config;
  const input = new DenseInput(graph, x);
  const widen = { inputs: hiddenSize, outputs: intermediateSize };
  const narrow = { inputs: intermediateSize, outputs: hiddenSize };
  if (config.feedForward === 'plain') {
    const hidden = activation(graph, hiddenAct, dense(component, 'fc1', input, widen));
    return dense(component, 'fc2', new DenseInput(graph, hidden), narrow);
  }
  const gate = activation(graph, hiddenAct, dense(component, 'gate_proj', input, widen));
  const hidden = graph.op('Mul', [gate, dense(component, 'up_proj', input, widen)]);
  return dense(component, 'down_proj', new DenseInput(graph, hidden), narrow);
}
