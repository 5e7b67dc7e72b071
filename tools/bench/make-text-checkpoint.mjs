// Writes a quantised text decoder with random weights, as `vlmkit convert --dtype q4` would, in about a minute:
//   node tools/bench/make-text-checkpoint.mjs DIR [--prefill int8] [--layers 36] [--block 128] [--no-zeros]
// The shape is that of Qwen2.5-VL-3B's decoder (1.8 GB; 4.5 GB with integers for prompts). Its values are of no meaning, but
// of sizes that keep activations of order 1. A real checkpoint times the same.
import { randomFillSync } from 'node:crypto';
import { mkdir, open, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { SafetensorsWriter } from '../../packages/checkpoint/dist/index.js';

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    prefill: { type: 'string' },
    layers: { type: 'string', default: '36' },
    block: { type: 'string', default: '128' },
    'no-zeros': { type: 'boolean', default: false },
  },
});
const [folder] = positionals;
if (!folder)
  throw new Error('usage: make-text-checkpoint.mjs DIR [--prefill int8] [--layers 36] [--block 128] [--no-zeros]');

const [hidden, inner, vocabulary, heads, kvHeads] = [2048, 11008, 151936, 16, 2];
const layers = Number(options.layers);
const headSize = hidden / heads;
const config = {
  model_type: 'qwen2',
  hidden_size: hidden,
  intermediate_size: inner,
  max_position_embeddings: 128000,
  num_attention_heads: heads,
  num_hidden_layers: layers,
  num_key_value_heads: kvHeads,
  rms_norm_eps: 1e-6,
  rope_theta: 1e6,
  tie_word_embeddings: true,
  vocab_size: vocabulary,
  quantization_config: { quant_method: 'vlmkit', dtype: 'q4', bits: 4 },
};

// Wider elements first, so that every tensor starts aligned.
const [floats, bytes] = [[], []];
const vector = (name, size, value) =>
  floats.push({ name, dtype: 'float32', dims: [size], fill: () => new Float32Array(size).fill(value) });
/** Random nibbles have a deviation of 4.6, random bytes one of 74. Keys and values take 8 bits in blocks of 32, all else 4. */
const linear = (name, outputs, inputs, scale = 1) => {
  const bits = /[kv]_proj$/.test(name) ? 8 : 4;
  const blockSize = bits === 8 ? 32 : Number(options.block);
  const blocks = inputs / blockSize;
  const middle = scale / ((bits === 8 ? 74 : 4.6) * Math.sqrt(inputs));
  floats.push({
    name: `${name}.weight.scales`,
    dtype: 'float32',
    dims: [outputs, blocks],
    fill: () => Float32Array.from({ length: outputs * blocks }, () => middle * (0.9 + Math.random() / 5)),
  });
  bytes.push({ name: `${name}.weight.q${bits}`, dtype: 'uint8', dims: [outputs, blocks, (blockSize * bits) / 8] });
  const zeroBytes = Math.ceil(blocks / 2);
  if (bits === 4 && !options['no-zeros']) {
    const fill = () => new Uint8Array(outputs * zeroBytes).fill(0x88);
    bytes.push({ name: `${name}.weight.zeros`, dtype: 'uint8', dims: [outputs, zeroBytes], fill });
  }
  if (options.prefill !== 'int8' || name === 'model.embed_tokens') return;
  vector(`${name}.weight.scale`, outputs, scale / (74 * Math.sqrt(inputs)));
  bytes.push({ name: `${name}.weight.int8`, dtype: 'int8', dims: [1, inputs, outputs] });
};

linear('model.embed_tokens', vocabulary, hidden);
vector('model.norm.weight', hidden, 1);
const residual = 1 / Math.sqrt(2 * layers);
for (let layer = 0; layer < layers; layer++) {
  const at = `model.layers.${layer}`;
  vector(`${at}.input_layernorm.weight`, hidden, 1);
  vector(`${at}.post_attention_layernorm.weight`, hidden, 1);
  for (const [name, count] of Object.entries({ q_proj: heads, k_proj: kvHeads, v_proj: kvHeads })) {
    linear(`${at}.self_attn.${name}`, count * headSize, hidden);
    vector(`${at}.self_attn.${name}.bias`, count * headSize, 0.02);
  }
  linear(`${at}.self_attn.o_proj`, hidden, heads * headSize, residual);
  linear(`${at}.mlp.gate_proj`, inner, hidden);
  linear(`${at}.mlp.up_proj`, inner, hidden);
  linear(`${at}.mlp.down_proj`, hidden, inner, residual);
}

await mkdir(folder, { recursive: true });
const file = await open(join(folder, 'model.safetensors'), 'w');
const tensors = [...floats, ...bytes];
const writer = new SafetensorsWriter({
  sink: { write: async (part) => void (await file.writeFile(part)) },
  tensors,
  metadata: { format: 'pt' },
});
// Of a length that makes every matrix begin elsewhere in it: onnxruntime keeps equal ones once only.
const noise = randomFillSync(new Uint8Array((1 << 24) + 8191));
let position = 0;
for (const { name, dims, fill } of tensors) {
  if (fill) {
    const { buffer } = fill();
    await writer.write(name, new Uint8Array(buffer));
    continue;
  }
  let missing = dims.reduce((a, b) => a * b, 1);
  while (missing > 0) {
    const part = noise.subarray(position, position + missing);
    await writer.write(name, part);
    missing -= part.length;
    position = (position + part.length) % noise.length;
  }
}
await writer.finish();
await file.close();
await writeFile(join(folder, 'config.json'), JSON.stringify(config, null, 2));
