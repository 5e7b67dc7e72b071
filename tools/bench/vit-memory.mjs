// Peak memory of the vision tower by the size of the picture, beside what planVitMemory foretells.
//
//   node tools/bench/make-vision-checkpoint.mjs /tmp/vision-narrow --depth 3 --width 64 --heads 2 --inner 172 --out 64
//   node tools/bench/vit-memory.mjs /tmp/vision-narrow [--grids 32x32,64x64,128x128,256x256,256x512] [--attention fused]
//
// Every grid (rows x columns of patches) has a process of its own. What is measured is the rise of the resident set's peak
// (VmHWM, so Linux only) from before the run; the patches that the caller holds are there before.
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { openCheckpoint } from '@vlmkit/checkpoint';
import { openFolder } from '@vlmkit/checkpoint/node';
import { createNodeRuntime } from '@vlmkit/runtime-node';
import { createVit, planVitMemory } from '@vlmkit/vit';
import { patchesOf } from './vit-input.mjs';

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    grids: { type: 'string', default: '32x32,64x64,128x128,256x256,256x512' },
    attention: { type: 'string', default: 'fused' },
    dtype: { type: 'string', default: 'float32' },
    only: { type: 'string' },
  },
});
const [folder] = positionals;
if (!folder) throw new Error('usage: vit-memory.mjs CHECKPOINT [--grids 32x32,64x64] [--attention fused|composed]');

if (options.only) await measure(options.only.split('x').map(Number));
else {
  console.log('| patches | s | peak MiB | KiB per patch | planned MiB |\n| ---: | ---: | ---: | ---: | ---: |');
  for (const grid of options.grids.split(',')) {
    const script = fileURLToPath(import.meta.url);
    const { stdout, status } = spawnSync(process.execPath, [script, ...process.argv.slice(2), '--only', grid], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    if (status !== 0) throw new Error(`The grid ${grid} could not be measured.`);
    process.stdout.write(stdout);
  }
}

async function measure([rows, columns]) {
  const { config, weights } = await openCheckpoint(await openFolder(folder));
  const base = await createNodeRuntime({ device: 'cpu', inline: true });
  const runtime = {
    profile: { ...base.profile, attention: options.attention },
    createSession: (model, sessionOptions) => base.createSession(model, sessionOptions),
  };
  const vit = await createVit({ config: config.vision, weights, runtime, dtype: options.dtype });
  const warm = await vit.encode({ patches: patchesOf([1, 8, 8]), grid: [1, 8, 8] });
  warm.dispose();
  const grid = [1, rows, columns];
  const patches = patchesOf(grid);
  writeFileSync('/proc/self/clear_refs', '5');
  const before = peakBytes();
  const start = performance.now();
  const features = await vit.encode({ patches, grid });
  const seconds = (performance.now() - start) / 1e3;
  const rise = peakBytes() - before;
  const { data } = await features.download();
  if (!data.every(Number.isFinite)) throw new Error('The features are not finite.');
  const plan = planVitMemory({
    config: config.vision,
    grids: [grid],
    pageRows: vit.pageRows,
    dtype: options.dtype,
    attention: options.attention,
  });
  const planned = plan.peak - plan.weights;
  const cells = [
    rows * columns,
    seconds.toFixed(1),
    mib(rise),
    (rise / 1024 / rows / columns).toFixed(1),
    mib(planned),
  ];
  console.log(`| ${cells.join(' | ')} |`);
  await base.dispose();
}

function peakBytes() {
  return Number(/VmHWM:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]) * 1024;
}

function mib(bytes) {
  return (bytes / 2 ** 20).toFixed(0);
}
