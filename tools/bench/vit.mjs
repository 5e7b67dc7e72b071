// Times the vision tower and the merger against transformers on torch, in alternation, and prints a table.
//
//   node tools/bench/make-vision-checkpoint.mjs /tmp/vision-3b
//   node tools/bench/vit.mjs /tmp/vision-3b [--python python3] [--sizes 448,896] [--rounds 3] [--threads 2]
//                            [--sides float32,int8,torch]
//
// The side `llama` is llama.cpp's mtmd: --llama LLAMA-MTMD-CLI,TEXT.gguf,MMPROJ.gguf,FOLDER, where FOLDER holds img-SIZE.png. Its time is that which
// mtmd logs for the picture's encoding; it returns no tokens to compare, and its processor's time is not known.
//
// Every side is a process of its own that waits while another one works. Each process is a session of its own, because Linux
// shares the processor between sessions; as root the sessions get a larger share (see autogroup in sched(7)). Seconds
// are the best of all rounds; CPU seconds are the processor's time in that round, which other load disturbs less.
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { availableParallelism, cpus, loadavg } from 'node:os';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    python: { type: 'string', default: 'python3' },
    sizes: { type: 'string', default: '448,896' },
    rounds: { type: 'string', default: '3' },
    threads: { type: 'string', default: String(availableParallelism()) },
    sides: { type: 'string', default: 'float32,int8,torch' },
    llama: { type: 'string', default: '' },
  },
});
const [checkpoint] = positionals;
if (!checkpoint) throw new Error('usage: vit.mjs CHECKPOINT [--python P] [--sizes 448,896] [--rounds 3] [--threads N]');

const here = (name) => fileURLToPath(new URL(name, import.meta.url));

/** Program and arguments of a side. */
function commandOf(name) {
  if (name === 'torch') return [options.python, [here('vit_torch.py'), checkpoint, options.threads]];
  if (name === 'llama')
    return [process.execPath, [here('vit-llama.mjs'), ...options.llama.split(','), options.threads]];
  return [process.execPath, [here('vit-worker.mjs'), checkpoint, name, options.threads]];
}

/** Starts one side and returns how to ask it. */
async function startSide(name) {
  const [command, args] = commandOf(name);
  const child = spawn(command, args, { detached: true, stdio: ['pipe', 'pipe', 'inherit'] });
  try {
    writeFileSync(`/proc/${child.pid}/autogroup`, '-5');
  } catch {
    // Not Linux, or not root: the sides then share the machine as they come.
  }
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async () => {
    const { value, done } = await lines.next();
    if (done) throw new Error(`The side "${name}" ended early.`);
    return JSON.parse(value);
  };
  const loaded = await next();
  return {
    name,
    loaded,
    async encode(size) {
      child.stdin.write(`${size}\n`);
      return next();
    },
    close: () => child.stdin.end(),
  };
}

function cosine(a, b) {
  const dot = (x, y) => x.reduce((sum, value, i) => sum + value * y[i], 0);
  return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
}

/** A number of the table; empty where a side does not know it. */
function figure(value, digits, unit = '') {
  return Number.isFinite(value) ? `${value.toFixed(digits)}${unit}` : '';
}

const sides = [];
for (const name of options.sides.split(',')) sides.push(await startSide(name));
console.log(`${cpus()[0]?.model}, ${options.threads} threads, load ${loadavg()[0]?.toFixed(1)}`);
for (const { name, loaded } of sides) {
  const peak = loaded.gemm_gflops ? `, matrix product ${loaded.gemm_gflops.toFixed(0)} GFLOP/s` : '';
  console.log(`- ${name}: loaded in ${loaded.load_s.toFixed(1)} s${peak}`);
}
for (const side of sides) await side.encode(448);

const reference = sides.at(-1).name;
console.log(
  `\n| size | patches | side | s | CPU s | ms per patch | of ${reference}, s | of ${reference}, CPU s | cosine | peak GiB |`,
);
console.log('| ---: | ---: | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |');
for (const size of options.sizes.split(',').map(Number)) {
  const best = new Map();
  for (let round = 0; round < Number(options.rounds); round++) {
    for (const side of sides) {
      const result = await side.encode(size);
      const known = best.get(side.name);
      const merged = known && {
        ...result,
        seconds: Math.min(known.seconds, result.seconds),
        cpu_s: Math.min(known.cpu_s, result.cpu_s),
      };
      best.set(side.name, merged ?? result);
    }
  }
  const base = best.get(reference);
  for (const [name, { seconds, cpu_s, rss, head }] of best) {
    const cells = [
      size,
      (size / 14) ** 2,
      name,
      seconds.toFixed(2),
      figure(cpu_s, 2),
      ((seconds * 1e3) / (size / 14) ** 2).toFixed(2),
      `${(base.seconds / seconds).toFixed(2)}x`,
      figure(base.cpu_s / cpu_s, 2, 'x'),
      head ? cosine(head, base.head).toFixed(5) : '',
      figure(rss / 2 ** 30, 1),
    ];
    console.log(`| ${cells.join(' | ')} |`);
  }
}
for (const side of sides) side.close();
