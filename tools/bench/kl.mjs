// How far quantised weights move a decoder's logits: mean and 99th percentile of the KL divergence from the checkpoint's own float32, and how
// often the most likely token stays the same, over all positions of some text.
//
//   node tools/bench/kl.mjs CHECKPOINT TEXT-FILE... [--tokens 256] [--threads 2]
//
// Of each file the first --tokens tokens are read as one prompt. Embedding and head stay as they are but where a form says otherwise.
import { readFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { openCheckpoint, quantizeCheckpoint } from '../../packages/checkpoint/dist/index.js';
import { openFolder } from '../../packages/checkpoint/dist/node/index.js';
import { encodeFloat16, tensor } from '../../packages/core/dist/index.js';
import { createQwenLlm } from '../../packages/qwen-llm/dist/index.js';
import { createNodeRuntime } from '../../packages/runtime-node/dist/index.js';
import { loadTokenizer } from '../../packages/tokenizer/dist/index.js';

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    tokens: { type: 'string', default: '256' },
    threads: { type: 'string', default: String(availableParallelism()) },
  },
});
const [folder, ...files] = positionals;
if (!folder || files.length === 0) throw new Error('usage: kl.mjs CHECKPOINT TEXT-FILE... [--tokens 256]');

const forms = {
  float32: undefined,
  "llama.cpp's Q4_0": { dtype: 'q4', embedding: 'keep', blockSize: 32, quantize: roundToQ4_0 },
  'q4 (blocks of 128)': { dtype: 'q4', embedding: 'keep' },
  'q4, embedding and head too': { dtype: 'q4' },
  'q4, blocks of 64': { dtype: 'q4', embedding: 'keep', blockSize: 64 },
  'q4, blocks of 32': { dtype: 'q4', embedding: 'keep', blockSize: 32 },
  'q8 (blocks of 32)': { dtype: 'q8', embedding: 'keep' },
  'int8 prompts': { dtype: 'q8', embedding: 'keep', prefill: 'int8' },
};

/**
 * llama.cpp's rule for Q4_0: the weight of the largest magnitude becomes -8. Held in our blocks, every zero being 8; where those
 * have 8 bits, as for keys and values, the same 16 values in bytes.
 */
async function roundToQ4_0({ values, columns, blockSize, bits }) {
  const scales = new Float32Array(values.length / blockSize);
  const stored = new Uint8Array(values.length);
  for (let start = 0; start < values.length; start += blockSize) {
    const block = values.subarray(start, start + blockSize);
    const largest = block.reduce((best, value) => (Math.abs(value) > Math.abs(best) ? value : best), 0);
    scales[start / blockSize] = largest / -8;
    const inverse = largest === 0 ? 0 : -8 / largest;
    for (let i = 0; i < blockSize; i++) stored[start + i] = Math.min(15, Math.floor(block[i] * inverse + 8.5));
  }
  if (bits === 8) return { packed: stored.map((value) => value + 120), scales: encodeFloat16(scales) };
  const packed = Uint8Array.from({ length: values.length / 2 }, (_, i) => stored[2 * i] | (stored[2 * i + 1] << 4));
  const zeros = new Uint8Array((values.length / columns) * Math.ceil(columns / blockSize / 2)).fill(0x88);
  return { packed, scales: encodeFloat16(scales), zeros };
}

const read = (name) => readFile(join(folder, name), 'utf8').catch(() => undefined);
const tokenizer = await loadTokenizer(read);
const prompts = await Promise.all(
  files.map(async (file) => tokenizer.encode(await readFile(file, 'utf8')).slice(0, Number(options.tokens))),
);
const runtime = await createNodeRuntime({ device: 'cpu', threads: Number(options.threads) });

/** Logits of every position of every prompt, [tokens, vocabulary] each. */
async function logitsOf(scheme) {
  const source = await openCheckpoint(await openFolder(folder));
  const checkpoint = scheme ? await quantizeCheckpoint(source, scheme) : source;
  const decoder = await createQwenLlm({ config: checkpoint.config.text, weights: checkpoint.weights, runtime });
  const all = [];
  for (const ids of prompts) {
    const state = decoder.createState(ids.length);
    const places = ids.map((_, i) => BigInt(i));
    const positions = tensor('int64', [3, ids.length], BigInt64Array.from([...places, ...places, ...places]));
    const { logits } = await state.forward({ tokenIds: ids, positions }, { logitRows: ids.length });
    all.push(logits.data);
    state.dispose();
  }
  await decoder.dispose();
  await source.close();
  return all;
}

/** Log-probabilities, in double precision. */
function logSoftmax(logits) {
  let largest = Number.NEGATIVE_INFINITY;
  for (const x of logits) if (x > largest) largest = x;
  let total = 0;
  for (const x of logits) total += Math.exp(x - largest);
  const offset = largest + Math.log(total);
  return Float64Array.from(logits, (x) => x - offset);
}

const argmax = (values) => values.reduce((best, value, i) => (value > values[best] ? i : best), 0);

function compare(reference, actual) {
  const width = reference[0].length / prompts[0].length;
  const divergences = [];
  let same = 0;
  for (const [index, ids] of prompts.entries()) {
    for (let row = 0; row < ids.length; row++) {
      const [p, q] = [reference, actual].map((all) => logSoftmax(all[index].subarray(row * width, (row + 1) * width)));
      divergences.push(p.reduce((sum, x, i) => sum + Math.exp(x) * (x - q[i]), 0));
      if (argmax(p) === argmax(q)) same++;
    }
  }
  divergences.sort((a, b) => a - b);
  const mean = divergences.reduce((a, b) => a + b, 0) / divergences.length;
  return { mean, high: divergences[Math.floor(0.99 * divergences.length)], same: same / divergences.length };
}

const { int8ActivationBits: bits } = runtime.profile;
console.log(
  `${prompts.map(({ length }) => length).join(' + ')} tokens; ${bits} bits of an activation in integer products`,
);
console.log('\n| | mean KL divergence | 99th percentile | most likely token the same |\n| --- | ---: | ---: | ---: |');
let reference;
for (const [name, scheme] of Object.entries(forms)) {
  const logits = await logitsOf(scheme);
  reference ??= logits;
  if (!scheme) continue;
  const { mean, high, same } = compare(reference, logits);
  console.log(`| ${name} | ${mean.toFixed(4)} | ${high.toFixed(3)} | ${(100 * same).toFixed(1)} % |`);
}
await runtime.dispose();
