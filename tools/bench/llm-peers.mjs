// Times a decoder against other runtimes, in alternation, and prints a table. Every figure is of a process of its own, one after another:
// a round asks each side for one point before it asks for the next.
//
//   node tools/bench/llm-peers.mjs --vlmkit /tmp/text-3b [--int8 /tmp/text-3b-int8] [--llama LLAMA-BENCH,TEXT.gguf] [--genai FOLDER]
//                                  [--python python3] [--prefill 512] [--depths 0,4096] [--tokens 12] [--rounds 2] [--threads 2]
//
// TEXT.gguf is the same model as Q4_0, FOLDER what onnxruntime-genai's model builder writes for int4 on the processor. Speeds are the best
// of all rounds, the last column is the largest resident memory of all of a side's runs, mapped files included (Linux).
import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, loadavg } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const { values: options } = parseArgs({
  options: {
    vlmkit: { type: 'string' },
    int8: { type: 'string' },
    llama: { type: 'string' },
    genai: { type: 'string' },
    python: { type: 'string', default: 'python3' },
    prefill: { type: 'string', default: '512' },
    depths: { type: 'string', default: '0,4096' },
    tokens: { type: 'string', default: '12' },
    rounds: { type: 'string', default: '2' },
    threads: { type: 'string', default: String(availableParallelism()) },
  },
});
const { threads, tokens } = options;
const numbers = (text) => text.split(',').filter(Boolean).map(Number);
const points = [
  ...numbers(options.prefill).map((count) => ({ kind: 'prefill', count })),
  ...numbers(options.depths).map((count) => ({ kind: 'decode', count })),
];
const here = (name) => fileURLToPath(new URL(name, import.meta.url));

/** Program and arguments that measure one point, and how to read what they print. */
const sides = {
  vlmkit: (point) => ours(options.vlmkit, point),
  int8: (point) => ours(options.int8, point),
  genai: ({ kind, count }) => ({
    command: options.python,
    args: [
      here('llm_genai.py'),
      options.genai,
      threads,
      kind === 'prefill' ? count : '',
      kind === 'decode' ? count : '',
      tokens,
    ],
    read: readReport,
  }),
  llama: ({ kind, count }) => {
    const [command, model] = options.llama.split(',');
    const what = kind === 'prefill' ? ['-p', count, '-n', 0] : ['-p', 0, '-n', tokens, '-d', count];
    return {
      command,
      args: ['-m', model, '-t', threads, '-r', 1, '-o', 'jsonl', ...what],
      read: (text) => ({ speed: JSON.parse(text.split('\n').find((line) => line.startsWith('{'))).avg_ts }),
    };
  },
};

function ours(folder, { kind, count }) {
  const what = ['--prefill', kind === 'prefill' ? count : '', '--depths', kind === 'decode' ? count : ''];
  return {
    command: process.execPath,
    args: [here('llm.mjs'), folder, '--json', '--tokens', tokens, '--threads', threads, ...what],
    read: readReport,
  };
}

function readReport(text) {
  const { load_ms, prefill, decode } = JSON.parse(text);
  return { load_ms, speed: [...prefill, ...decode][0].tokens_per_second };
}

/** Largest resident memory of a process so far, in bytes. */
function peakOf(pid) {
  try {
    return 1024 * Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0);
  } catch {
    return 0;
  }
}

async function measure({ command, args, read }) {
  const child = spawn(command, args.map(String), { detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  try {
    writeFileSync(`/proc/${child.pid}/autogroup`, '-5');
  } catch {
    // Not Linux, or not root: the sides then share the machine as they come.
  }
  let output = '';
  let complaint = '';
  let peak = 0;
  child.stdout.on('data', (part) => {
    output += part;
  });
  child.stderr.on('data', (part) => {
    complaint += part;
  });
  const watch = setInterval(() => {
    peak = Math.max(peak, peakOf(child.pid));
  }, 50);
  const code = await new Promise((resolve, reject) => child.on('close', resolve).on('error', reject));
  clearInterval(watch);
  if (code !== 0) throw new Error(`${command} ended with ${code}:\n${complaint.slice(-2000)}`);
  return { ...read(output), peak };
}

const names = Object.keys(sides).filter((name) => options[name]);
const best = new Map(names.map((name) => [name, { speeds: new Map(), load_ms: Number.POSITIVE_INFINITY, peak: 0 }]));
console.log(`${cpus()[0]?.model}, ${threads} threads, load ${loadavg()[0]?.toFixed(1)}`);
for (let round = 0; round < Number(options.rounds); round++) {
  for (const point of points) {
    for (const name of names) {
      const { speed, load_ms = Number.POSITIVE_INFINITY, peak } = await measure(sides[name](point));
      const known = best.get(name);
      const key = `${point.kind} ${point.count}`;
      known.speeds.set(key, Math.max(known.speeds.get(key) ?? 0, speed));
      known.load_ms = Math.min(known.load_ms, load_ms);
      known.peak = Math.max(known.peak, peak);
      console.error(`${key} ${name}: ${speed.toFixed(2)} tokens/s`);
    }
  }
}
const keys = points.map(({ kind, count }) => `${kind} ${count}`);
console.log(`\n| tokens/s | ${keys.join(' | ')} | load, s | peak GB |`);
console.log(`| --- |${' ---: |'.repeat(keys.length + 2)}`);
for (const [name, { speeds, load_ms, peak }] of best) {
  const load = Number.isFinite(load_ms) ? (load_ms / 1e3).toFixed(1) : '';
  console.log(
    `| ${name} | ${keys.map((key) => speeds.get(key).toFixed(2)).join(' | ')} | ${load} | ${(peak / 1e9).toFixed(2)} |`,
  );
}
