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
import { dense } from './dense.js';

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
  const normed = norm(block, 'norm1', x, config);
  const attn = block.enter('attn');
  const third = (index: number) =>
    dense(attn, 'qkv', normed, {
      inputs: hiddenSize,
      outputs: hiddenSize,
      part: { start: index * hiddenSize, of: 3 * hiddenSize },
    });
  return {
    query: rotary(attn, third(0), tables, numHeads),
    key: rotary(attn, third(1), tables, numHeads),
    value: third(2),
  };
}

/** The rest of a block: `mixed` [s, e] is what attention returned for x [s, e]. */
export function finishBlock(block: Component, x: Value, mixed: Value, config: VitConfig): Value {
  const { graph } = block;
  const size = config.hiddenSize;
  const attended = graph.op('Add', [x, dense(block, 'attn.proj', mixed, { inputs: size, outputs: size })]);
  return graph.op('Add', [attended, mlp(block.enter('mlp'), norm(block, 'norm2', attended, config), config)]);
}

function norm(block: Component, name: string, x: Value, config: VitConfig): Value {
  const options = { size: config.hiddenSize, epsilon: config.normEps };
  return config.norm === 'rms' ? rmsNorm(block, name, x, options) : layerNorm(block, name, x, options);
}

function mlp(component: Component, x: Value, config: VitConfig): Value {
  const { graph } = component;
  const { hiddenSize: size, intermediateSize: inner, hiddenAct } = config;
  if (config.feedForward === 'plain') {
    const hidden = activation(graph, hiddenAct, dense(component, 'fc1', x, { inputs: size, outputs: inner }));
    return dense(component, 'fc2', hidden, { inputs: inner, outputs: size });
  }
  const gate = activation(graph, hiddenAct, dense(component, 'gate_proj', x, { inputs: size, outputs: inner }));
  const up = dense(component, 'up_proj', x, { inputs: size, outputs: inner });
  return dense(component, 'down_proj', graph.op('Mul', [gate, up]), { inputs: inner, outputs: size });
}
