import { type DeviceProfile, type Tensor, tensor, WeightError, type WeightInfo, type WeightSource } from '@vlmkit/core';
import type { DecoderConfig } from '../decoder-config.js';

/** A decoder small enough to build in a test, with every mechanism of a real one. */
export const toyConfig: DecoderConfig = {
  hiddenSize: 64,
  intermediateSize: 96,
  numHiddenLayers: 3,
  numAttentionHeads: 4,
  numKeyValueHeads: 2,
  headDim: 16,
  vocabSize: 160,
  maxPositionEmbeddings: 512,
  rmsNormEps: 1e-6,
  ropeTheta: 10000,
  mropeSection: [2, 3, 3],
  hiddenAct: 'silu',
};

/** A device on which graphs are built and not run. */
export const toyProfile: DeviceProfile = {
  label: 'test',
  attention: 'composed',
  float16: false,
  int8ActivationBits: 0,
  float16Weights: true,
  maxBufferBytes: 2 ** 31,
  deviceOutputs: true,
  kvCache: 'append',
};

/** Random weights of {@link toyConfig}, the same for the same seed. */
export function toyWeights(seed = 1): WeightSource {
  const { hiddenSize: h, intermediateSize: m, numHiddenLayers, numAttentionHeads, numKeyValueHeads } = toyConfig;
  const { headDim, vocabSize } = toyConfig;
  const random = gaussian(seed);
  const matrix = (rows: number, columns: number, scale = 1.5 / Math.sqrt(columns)) =>
    tensor(
      'float32',
      [rows, columns],
      Float32Array.from({ length: rows * columns }, () => random() * scale),
    );
  const vector = (size: number, mean: number) =>
    tensor(
      'float32',
      [size],
      Float32Array.from({ length: size }, () => mean + random() * 0.1),
    );
  const tensors = new Map<string, Tensor>([
    ['model.embed_tokens.weight', matrix(vocabSize, h, 1)],
    ['model.norm.weight', vector(h, 1)],
    ['lm_head.weight', matrix(vocabSize, h)],
  ]);
  for (let layer = 0; layer < numHiddenLayers; layer++) {
    const at = `model.layers.${layer}`;
    const queries = numAttentionHeads * headDim;
    const keys = numKeyValueHeads * headDim;
    for (const [name, rows, columns] of [
      ['self_attn.q_proj', queries, h],
      ['self_attn.k_proj', keys, h],
      ['self_attn.v_proj', keys, h],
      ['self_attn.o_proj', h, queries],
      ['mlp.gate_proj', m, h],
      ['mlp.up_proj', m, h],
      ['mlp.down_proj', h, m],
    ] as const) {
      tensors.set(`${at}.${name}.weight`, matrix(rows, columns));
      if (/[qkv]_proj/.test(name)) tensors.set(`${at}.${name}.bias`, vector(rows, 0));
    }
    tensors.set(`${at}.input_layernorm.weight`, vector(h, 1));
    tensors.set(`${at}.post_attention_layernorm.weight`, vector(h, 1));
  }
  return memoryWeights(tensors);
}

/**
 * Tensors in memory as a weight source, each a file of its own. Missing tensors and other shapes are refused as those of a
 * checkpoint are.
 */
export function memoryWeights(tensors: ReadonlyMap<string, Tensor>): WeightSource {
  const find = (name: string): Tensor => {
    const found = tensors.get(name);
    if (!found) throw new WeightError(`The toy has no tensor ${name}.`);
    return found;
  };
  return {
    names: [...tensors.keys()],
    has: (name) => tensors.has(name),
    info: (name, expected): WeightInfo => {
      const { dtype, dims, data } = find(name);
      if (expected && expected.join() !== dims.join()) {
        throw new WeightError(`${name} has the wrong shape.`, {
          expected: `[${expected.join(', ')}]`,
          actual: `[${dims.join(', ')}]`,
        });
      }
      const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
      const file = {
        location: name,
        byteLength: bytes.byteLength,
        read: async (offset: number, length: number) => bytes.slice(offset, offset + length),
      };
      return { name, dtype, dims, file, offset: 0, byteLength: bytes.byteLength };
    },
    read: async (name) => find(name),
  };
}

/** Normally distributed numbers (Box and Muller 1958) over a small linear congruential generator. */
function gaussian(seed: number): () => number {
  let state = seed >>> 0;
  const uniform = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state + 1) / (2 ** 32 + 1);
  };
  return () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
}
