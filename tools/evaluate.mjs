#!/usr/bin/env node
/**
 * Answers a held-out set with vlmkit's own runtime and scores the answers.
 *
 *   node tools/evaluate.mjs                                  the small committed set, the embedded model
 *   node tools/evaluate.mjs --set DIR --model DIR            any set (tools/demo-model/evaluation-set.py), any checkpoint
 *   node tools/evaluate.mjs --answers FILE                   scores answers that another program gave
 *   node tools/evaluate.mjs --compare FILE                   also counts answers that differ from that file's, token by token
 */
import { createReadStream, createWriteStream } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { score, summarise, table } from './evaluation/score.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const options = {
  set: { type: 'string', default: join(root, 'fixtures/demo-eval') },
  model: { type: 'string' },
  device: { type: 'string', default: 'cpu' },
  each: { type: 'string', default: '0' },
  answers: { type: 'string' },
  compare: { type: 'string' },
  out: { type: 'string' },
  wrong: { type: 'boolean', default: false },
};

async function* lines(path) {
  for await (const line of createInterface({ input: createReadStream(path), crlfDelay: Number.POSITIVE_INFINITY })) {
    if (line) yield JSON.parse(line);
  }
}

async function byId(path) {
  const found = new Map();
  for await (const line of lines(path)) found.set(line.id, line);
  return found;
}

/** Samples of the set, at most `each` a task where that is not 0. */
async function samplesOf(folder, each) {
  const taken = new Map();
  const samples = [];
  for await (const sample of lines(join(folder, 'samples.jsonl'))) {
    const count = (taken.get(sample.task) ?? 0) + 1;
    taken.set(sample.task, count);
    if (!each || count <= each) samples.push(sample);
  }
  return samples;
}

/** A function that answers a sample, and one that closes the model. */
async function openModel({ model, device, folder }) {
  const [
    { openFolder },
    { openCheckpoint },
    { loadQwenVL },
    { createNodeMedia },
    { createNodeRuntime },
    { checkpointPath },
  ] = await Promise.all([
    import('@vlmkit/checkpoint/node'),
    import('@vlmkit/checkpoint'),
    import('@vlmkit/qwen-vl'),
    import('@vlmkit/qwen-vl/node'),
    import('@vlmkit/runtime-node'),
    import('@vlmkit/demo-model'),
  ]);
  const runtime = await createNodeRuntime({ device });
  const checkpoint = await openCheckpoint(await openFolder(model ? resolve(model) : checkpointPath()));
  const loaded = await loadQwenVL({ checkpoint, runtime, media: createNodeMedia({ baseDirectory: folder }) });
  return {
    async answer({ messages, add_vision_id: addVisionId = false }) {
      const { text, tokenIds } = await loaded.ask(messages, { maxNewTokens: 160, temperature: 0, addVisionId });
      return { answer: text, token_ids: tokenIds };
    },
    async close() {
      await loaded.dispose();
      await runtime.dispose();
      await checkpoint.close();
    },
  };
}

async function main() {
  const { values } = parseArgs({ options });
  const folder = resolve(values.set);
  const samples = await samplesOf(folder, Number(values.each));
  const given = values.answers ? await byId(values.answers) : undefined;
  const other = values.compare ? await byId(values.compare) : undefined;
  const model = given ? undefined : await openModel({ model: values.model, device: values.device, folder });
  const out = values.out ? createWriteStream(values.out) : undefined;
  const results = [];
  const differ = [];
  const begin = performance.now();
  for (const [index, sample] of samples.entries()) {
    const answered = model ? await model.answer(sample) : given.get(sample.id);
    if (!answered) continue;
    out?.write(`${JSON.stringify({ id: sample.id, ...answered })}\n`);
    const scores = score(sample, answered.answer);
    results.push({ task: sample.task, scores });
    if (values.wrong && !scores.exact)
      console.log(`${sample.task} ${sample.id}: expected ${sample.expected} got ${answered.answer}`);
    const reference = other?.get(sample.id);
    if (reference && reference.token_ids.join() !== answered.token_ids.join()) differ.push(sample.id);
    if (process.stderr.isTTY) process.stderr.write(`\r${index + 1} of ${samples.length}`);
  }
  if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');
  out?.end();
  await model?.close();
  console.log(table(summarise(results)));
  console.log(`\n${results.length} answers in ${((performance.now() - begin) / 1000).toFixed(1)} s`);
  if (other) {
    const compared = samples.filter(({ id }) => other.has(id)).length;
    console.log(
      `${compared - differ.length} of ${compared} answers equal ${values.compare} token for token${differ.length ? `; different: ${differ.join(' ')}` : ''}`,
    );
    if (differ.length) process.exitCode = 1;
  }
}

await main();
