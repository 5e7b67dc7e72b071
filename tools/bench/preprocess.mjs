/*
 * Times a 12-megapixel JPEG on its way to patches, beside Pillow and NumPy doing the same.
 *
 * usage: node tools/bench/preprocess.mjs [PYTHON]      (PYTHON: an interpreter with pillow and numpy; left out, only ours is timed)
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { patchify, resizeBicubic, smartResize } from '@vlmkit/preprocess';
import { createPreprocessPool } from '@vlmkit/preprocess/node';
import { createSharpDecoder } from '@vlmkit/preprocess/sharp';
import sharp from 'sharp';

const rounds = 5;
const config = {
  minPixels: 3136,
  maxPixels: 12_845_056,
  patchSize: 14,
  temporalPatchSize: 2,
  mergeSize: 2,
  mean: [0.48145466, 0.4578275, 0.40821073],
  std: [0.26862954, 0.26130258, 0.27577711],
};
const [python] = process.argv.slice(2);
const folder = mkdtempSync(join(tmpdir(), 'vlmkit-bench-'));
const path = join(folder, 'photo.jpg');
try {
  await sharp({ create: { width: 4000, height: 3000, channels: 3, noise: { type: 'gaussian', mean: 128, sigma: 40 } } })
    .blur(1.5)
    .jpeg({ quality: 90 })
    .toBuffer()
    .then((bytes) => writeFileSync(path, bytes));

  // In alternation, since other work on the machine comes and goes.
  const ours = [];
  const theirs = [];
  for (let i = 0; i < rounds; i++) {
    ours.push(await timeOurs());
    if (python) theirs.push(timePillow());
  }
  console.log('vlmkit, ms:         ', summary(ours));
  if (python) console.log('Pillow + NumPy, ms: ', summary(theirs));

  const pool = createPreprocessPool();
  await pool.image(path, { config });
  let longest = 0;
  let last = performance.now();
  const timer = setInterval(() => {
    longest = Math.max(longest, performance.now() - last);
    last = performance.now();
  }, 5);
  await pool.image(path, { config });
  clearInterval(timer);
  await pool.close();
  console.log(`in a pool, a timer of 5 ms waits at most ${longest.toFixed(0)} ms`);
} finally {
  rmSync(folder, { recursive: true });
}

async function timeOurs() {
  const steps = stepTimer();
  const image = await createSharpDecoder().decode(path);
  steps.mark('decode');
  const size = smartResize({ width: image.width, height: image.height, factor: 28, ...config });
  const resized = resizeBicubic(image, size);
  steps.mark('resize');
  patchify([resized], config);
  steps.mark('patches');
  return steps.times;
}

function timePillow() {
  const script = fileURLToPath(new URL('preprocess-pillow.py', import.meta.url));
  return JSON.parse(execFileSync(python, [script, path], { encoding: 'utf8' }));
}

/** Processor time, which tells more than the clock's on a shared machine. */
function stepTimer() {
  const times = {};
  let last = process.cpuUsage();
  return {
    times,
    mark(name) {
      const { user, system } = process.cpuUsage(last);
      last = process.cpuUsage();
      times[name] = (user + system) / 1000;
    },
  };
}

/** The median of every step, and of the whole. */
function summary(runs) {
  const median = (values) => Math.round(values.sort((a, b) => a - b)[Math.floor(values.length / 2)]);
  const steps = Object.keys(runs[0]).map((step) => `${step} ${median(runs.map((run) => run[step]))}`);
  const totals = runs.map((run) => Object.values(run).reduce((sum, time) => sum + time, 0));
  return `${steps.join(', ')}, in all ${median(totals)}`;
}
