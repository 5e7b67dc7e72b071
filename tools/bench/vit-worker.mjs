// One side of tools/bench/vit.mjs: encodes pictures of the sizes that it reads from stdin, one a line, and answers each
// with a line of JSON.   usage: vit-worker.mjs CHECKPOINT PRECISION THREADS
import { createInterface } from 'node:readline';
import { openCheckpoint } from '@vlmkit/checkpoint';
import { openFolder } from '@vlmkit/checkpoint/node';
import { createMerger } from '@vlmkit/merger';
import { createNodeRuntime } from '@vlmkit/runtime-node';
import { createVit } from '@vlmkit/vit';
import { patchesOf } from './vit-input.mjs';

const [folder, dtype, threads] = process.argv.slice(2);
const start = performance.now();
const { config, weights } = await openCheckpoint(await openFolder(folder));
const runtime = await createNodeRuntime({ device: 'cpu', threads: Number(threads), inline: true });
const options = { config: config.vision, weights, runtime, dtype };
const vit = await createVit(options);
const merger = await createMerger(options);
console.log(JSON.stringify({ load_s: (performance.now() - start) / 1e3 }));

for await (const line of createInterface({ input: process.stdin })) {
  const grid = [1, Number(line) / 14, Number(line) / 14];
  const patches = patchesOf(grid);
  const cpu = process.cpuUsage();
  const begin = performance.now();
  const features = await vit.encode({ patches, grid });
  const tokens = await merger.project(features);
  const { data } = await tokens.download();
  const seconds = (performance.now() - begin) / 1e3;
  const { user, system } = process.cpuUsage(cpu);
  features.dispose();
  tokens.dispose();
  const rss = process.resourceUsage().maxRSS * 1024;
  console.log(JSON.stringify({ seconds, cpu_s: (user + system) / 1e6, rss, head: Array.from(data.subarray(0, 4096)) }));
}
await runtime.dispose();
