// Writes a checkpoint that holds a vision tower only, with random weights: node tools/bench/make-vision-checkpoint.mjs DIR
// The shape is that of Qwen2.5-VL-3B (7B, 32B and 72B differ in the merger's last layer alone); about 1.3 GB in bfloat16.
// Weights are N(0, 1/inputs), the two matrices that write the residual smaller: activations stay of order 1 in all blocks.
import { mkdir, open, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    depth: { type: 'string', default: '32' },
    width: { type: 'string', default: '1280' },
    heads: { type: 'string', default: '16' },
    inner: { type: 'string', default: '3420' },
    out: { type: 'string', default: '2048' },
  },
});
const [folder] = positionals;
if (!folder)
  throw new Error('usage: make-vision-checkpoint.mjs DIR [--depth 32 --width 1280 --heads 16 --inner 3420 --out 2048]');
const [depth, width, heads, inner, out] = ['depth', 'width', 'heads', 'inner', 'out'].map((key) =>
  Number(options[key]),
);
const full = depth >= 8 ? [7, 15, 23, 31].filter((index) => index < depth) : [depth - 1];
const residual = 1 / Math.sqrt(2 * depth);

/** @type {[name: string, shape: number[], deviation: number, mean?: number][]} */
const tensors = [['visual.patch_embed.proj.weight', [width, 3, 2, 14, 14], 1 / Math.sqrt(1176)]];
const dense = (name, outputs, inputs, scale = 1) =>
  tensors.push([`${name}.weight`, [outputs, inputs], scale / Math.sqrt(inputs)], [`${name}.bias`, [outputs], 0.02]);
for (let index = 0; index < depth; index++) {
  const block = `visual.blocks.${index}`;
  tensors.push([`${block}.norm1.weight`, [width], 0, 1], [`${block}.norm2.weight`, [width], 0, 1]);
  dense(`${block}.attn.qkv`, 3 * width, width);
  dense(`${block}.attn.proj`, width, width, residual);
  dense(`${block}.mlp.gate_proj`, inner, width);
  dense(`${block}.mlp.up_proj`, inner, width);
  dense(`${block}.mlp.down_proj`, width, inner, residual);
}
tensors.push(['visual.merger.ln_q.weight', [width], 0, 1]);
dense('visual.merger.mlp.0', 4 * width, 4 * width);
dense('visual.merger.mlp.2', out, 4 * width);

const header = {};
let offset = 0;
for (const [name, shape] of tensors) {
  const end = offset + 2 * shape.reduce((a, b) => a * b);
  header[name] = { dtype: 'BF16', shape, data_offsets: [offset, end] };
  offset = end;
}

let state = 20250;
/** Uniform in 0..1 (mulberry32). */
function uniform() {
  state = (state + 0x6d2b79f5) | 0;
  let t = Math.imul(state ^ (state >>> 15), 1 | state);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
}

await mkdir(folder, { recursive: true });
const file = await open(join(folder, 'model.safetensors'), 'w');
const json = Buffer.from(JSON.stringify(header));
const length = Buffer.alloc(8);
length.writeBigUInt64LE(BigInt(json.length));
await file.write(length);
await file.write(json);
for (const [, shape, deviation, mean = 0] of tensors) {
  const values = new Float32Array(shape.reduce((a, b) => a * b));
  for (let i = 0; i < values.length; i += 2) {
    const radius = deviation * Math.sqrt(-2 * Math.log(1 - uniform()));
    const angle = 2 * Math.PI * uniform();
    values[i] = mean + radius * Math.cos(angle);
    if (i + 1 < values.length) values[i + 1] = mean + radius * Math.sin(angle);
  }
  // The upper half of a float32, rounded: bfloat16.
  const bits = new Uint32Array(values.buffer);
  await file.write(Uint16Array.from(bits, (value) => (value + 0x8000) >>> 16));
}
await file.close();

const config = {
  model_type: 'qwen2_5_vl',
  hidden_size: out,
  intermediate_size: 64,
  num_hidden_layers: 1,
  num_attention_heads: out / 64,
  num_key_value_heads: out / 64,
  vocab_size: 64,
  max_position_embeddings: 32768,
  rms_norm_eps: 1e-6,
  rope_theta: 1e6,
  rope_scaling: { type: 'mrope', mrope_section: [8, 12, 12] },
  tie_word_embeddings: true,
  vision_start_token_id: 1,
  vision_end_token_id: 2,
  image_token_id: 3,
  video_token_id: 4,
  vision_config: {
    depth,
    hidden_size: width,
    intermediate_size: inner,
    num_heads: heads,
    out_hidden_size: out,
    hidden_act: 'silu',
    in_chans: 3,
    patch_size: 14,
    temporal_patch_size: 2,
    spatial_merge_size: 2,
    window_size: 112,
    fullatt_block_indexes: full,
    tokens_per_second: 2,
  },
};
await writeFile(join(folder, 'config.json'), `${JSON.stringify(config, null, 2)}\n`);
console.log(`${folder}: ${(offset / 2e6).toFixed(1)} million weights`);
