// Times a decoder alone: loading, prefill, decoding, and the memory that each takes.
//
//   node tools/bench/make-text-checkpoint.mjs /tmp/text-3b
//   node tools/bench/llm.mjs /tmp/text-3b [--prefill 512,2048] [--depths 0,4096] [--tokens 12] [--threads 2] [--chunk 512]
//                            [--rounds 1] [--profile PREFIX] [--json]
//
// On a machine with other work, run it in a session of its own (setsid), because Linux shares the processor between sessions;
// as root the session can take a larger share (autogroup in sched(7)). Speeds are the best of all rounds. Memory is what
// Linux counts: `anonymous` belongs to the process; `file` are pages of the checkpoint, which the system may drop at any time.
import { readFileSync } from 'node:fs';
import { availableParallelism, cpus, loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { openCheckpoint } from '../../packages/checkpoint/dist/index.js';
import { openFolder } from '../../packages/checkpoint/dist/node/index.js';
import { tensor } from '../../packages/core/dist/index.js';
import { createQwenLlm } from '../../packages/qwen-llm/dist/index.js';
import { createNodeRuntime } from '../../packages/runtime-node/dist/index.js';

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    prefill: { type: 'string', default: '512,2048' },
    depths: { type: 'string', default: '0,4096' },
    tokens: { type: 'string', default: '12' },
    threads: { type: 'string', default: String(availableParallelism()) },
    chunk: { type: 'string', default: '512' },
    rounds: { type: 'string', default: '1' },
    profile: { type: 'string' },
    json: { type: 'boolean', default: false },
  },
});
const [folder] = positionals;
if (!folder) throw new Error('usage: llm.mjs CHECKPOINT [--prefill 512,2048] [--depths 0,4096] [--json]');
const numbers = (text) => text.split(',').filter(Boolean).map(Number);
const [tokens, threads, chunk, rounds] = ['tokens', 'threads', 'chunk', 'rounds'].map((name) => Number(options[name]));

/** Resident memory by kind, in MB. */
function memory() {
  try {
    const status = readFileSync('/proc/self/status', 'utf8');
    const kib = (name) => Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1]);
    const [anonymous, file, peak] = ['RssAnon', 'RssFile', 'VmHWM'].map((name) => Math.round(kib(name) / 976.5625));
    return { anonymous, file, peak };
  } catch {
    return { resident: Math.round(process.memoryUsage().rss / 1e6) };
  }
}

/** Feeds `count` tokens to a state; returns milliseconds. */
async function feed(state, count) {
  const from = state.length;
  const places = Array.from({ length: count }, (_, i) => BigInt(from + i));
  const input = {
    tokenIds: places.map((place) => Number(place % 1000n)),
    positions: tensor('int64', [3, count], BigInt64Array.from([...places, ...places, ...places])),
  };
  const start = performance.now();
  await state.forward(input);
  return performance.now() - start;
}

const report = {
  machine: `${cpus()[0]?.model ?? 'unknown'}, ${cpus().length} cores`,
  threads,
  load_average: loadavg().map((value) => Number(value.toFixed(1))),
  prefill: [],
  decode: [],
};
const start = performance.now();
const checkpoint = await openCheckpoint(await openFolder(folder));
const device = await createNodeRuntime({ device: 'cpu', threads });
const profiled = options.profile && {
  profile: device.profile,
  createRows: (options) => device.createRows(options),
  createSession: (model, session) => device.createSession(model, { ...session, profile: options.profile }),
};
const used = process.cpuUsage();
const decoder = await createQwenLlm({
  config: checkpoint.config.text,
  weights: checkpoint.weights,
  runtime: profiled || device,
  prefillChunk: chunk,
});
const { user, system } = process.cpuUsage(used);
report.load_ms = Math.round(performance.now() - start);
report.load_cpu_ms = Math.round((user + system) / 1000);
report.loaded_mb = memory();

for (const depth of numbers(options.depths)) {
  const state = decoder.createState(depth + 1 + tokens * rounds);
  if (depth > 0) await feed(state, depth);
  await feed(state, 1);
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < rounds; round++) {
    let ms = 0;
    for (let i = 0; i < tokens; i++) ms += await feed(state, 1);
    best = Math.min(best, ms);
  }
  report.decode.push({ depth, tokens_per_second: (1000 * tokens) / best, mb: memory() });
  state.dispose();
}
for (const count of numbers(options.prefill)) {
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < rounds; round++) {
    const state = decoder.createState(count);
    best = Math.min(best, await feed(state, count));
    state.dispose();
  }
  report.prefill.push({ tokens: count, tokens_per_second: (1000 * count) / best, mb: memory() });
}
report.load_average_after = loadavg().map((value) => Number(value.toFixed(1)));
await decoder.dispose();
await device.dispose();
await checkpoint.close();

if (options.json) process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
else {
  const { anonymous, file } = report.loaded_mb;
  console.log(
    `${report.machine}; load average ${report.load_average[0]} before, ${report.load_average_after[0]} after`,
  );
  console.log(
    `load     ${report.load_ms} ms (${report.load_cpu_ms} ms of processor); ${anonymous} MB and ${file} MB of files`,
  );
  for (const { tokens: count, tokens_per_second: speed, mb } of report.prefill)
    console.log(
      `prefill  ${count} tokens: ${speed.toFixed(1)} tokens/s; ${mb.anonymous} MB and ${mb.file} MB of files`,
    );
  for (const { depth, tokens_per_second: speed, mb } of report.decode)
    console.log(`decode   at ${depth}: ${speed.toFixed(2)} tokens/s; ${mb.anonymous} MB and ${mb.file} MB of files`);
  console.log(`peak     ${memory().peak} MB`);
}
