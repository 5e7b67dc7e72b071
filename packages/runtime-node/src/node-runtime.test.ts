import { spawn } from 'node:child_process';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import { type GraphModel, type Runtime, tensor } from '@vlmkit/core';
import { GraphBuilder } from '@vlmkit/onnx-graph';
import { describe, expect, it } from 'vitest';
import { cacheGraph } from './conformance/graphs.js';
import { createNodeRuntime } from './index.js';

const size = 1024;

/** A chain of products that takes a while, with weights of 4 MiB each. */
function heavyGraph(layers: number): GraphModel {
  const graph = new GraphBuilder();
  const data = new Float32Array(size * size).fill(1 / size);
  let x = graph.input('x', 'float32', ['n', size]);
  for (let i = 0; i < layers; i++) {
    x = graph.op('MatMul', [x, graph.inlineWeight(`w${i}`, tensor('float32', [size, size], data))]);
  }
  graph.output('y', x, ['n', size]);
  return graph.finish('heavy');
}

const ones = (rows: number) => tensor('float32', [rows, size], new Float32Array(rows * size).fill(1));

describe('createNodeRuntime', () => {
  it('refuses devices and settings that make no sense', async () => {
    await expect(createNodeRuntime({ device: 'tpu' as 'cpu' })).rejects.toThrow(/no device "tpu".*auto, cpu/);
    await expect(createNodeRuntime({ device: 'cpu', threads: 0 })).rejects.toThrow(/threads.*whole number from 1/);
  });

  it('says what CUDA lacks, or opens it', async () => {
    const outcome = await createNodeRuntime({ device: 'cuda' }).then(
      async (runtime) => {
        await runtime.dispose();
        return runtime.profile.label;
      },
      (error: Error) => error.message,
    );
    expect(outcome).toMatch(/onnxruntime-node, cuda|CUDA cannot be used.*(setup:cuda|driver)|cuda.* is missing/);
  });

  it('reports the profile of a CPU', async () => {
    const runtime = await createNodeRuntime({ device: 'cpu', threads: 1 });
    expect(runtime.profile).toMatchObject({
      attention: 'fused',
      float16: false,
      float16Weights: true,
      deviceOutputs: true,
      kvCache: 'append',
    });
    await runtime.dispose();
  });

  it('rejects everything after it was disposed of', async () => {
    const runtime = await createNodeRuntime({ device: 'cpu', threads: 1 });
    const session = await runtime.createSession(heavyGraph(1));
    const kept = (await session.run({ x: ones(1) }, { keep: ['y'] })).device('y');
    await runtime.dispose();
    await runtime.dispose();
    await expect(session.run({ x: ones(1) })).rejects.toMatchObject({ name: 'RuntimeError' });
    await expect(kept.download()).rejects.toMatchObject({ name: 'RuntimeError' });
    await expect(runtime.createSession(heavyGraph(1))).rejects.toThrow(/disposed/);
    const rows = { dtype: 'float32', rowDims: [1], capacity: 1, filledBy: {} } as const;
    expect(() => runtime.createRows(rows)).toThrow(/disposed/);
  });

  it.each([false, true])(
    'frees a session silently once it is disposed of, or is about to be (inline: %s)',
    async (inline) => {
      const runtime = await createNodeRuntime({ device: 'cpu', threads: 1, inline });
      const [first, second, third] = [
        await runtime.createSession(cacheGraph()),
        await runtime.createSession(cacheGraph()),
        await runtime.createSession(cacheGraph()),
      ];
      await Promise.all([first.dispose(), runtime.dispose(), second.dispose()]);
      await third.dispose();
    },
  );

  it('is closed when any of the calls that dispose of it says so', async () => {
    const runtime = await createNodeRuntime({ device: 'cpu', threads: 1 });
    const ended: string[] = [];
    await Promise.all([
      runtime.dispose().then(() => ended.push('first')),
      runtime.dispose().then(() => ended.push('second')),
    ]);
    expect(ended).toEqual(['first', 'second']);
  });

  it('settles runs that are under way when it is disposed of', async () => {
    const runtime = await createNodeRuntime({ device: 'cpu', threads: 1 });
    const session = await runtime.createSession(heavyGraph(2));
    const runs = Promise.allSettled([session.run({ x: ones(64) }), session.run({ x: ones(64) })]);
    await runtime.dispose();
    expect((await runs).map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled']);
  });
});

describe('the thread', () => {
  it('leaves the event loop free while it loads and runs', async () => {
    const runtime = await createNodeRuntime({ device: 'cpu' });
    const [model, rows] = [heavyGraph(8), 512];
    const delay = monitorEventLoopDelay({ resolution: 5 });
    delay.enable();
    const session = await runtime.createSession(model);
    for (let i = 0; i < 3; i++) await session.run({ x: ones(rows) });
    delay.disable();
    // Runs in this thread would block it for their whole length, each. Other processes may delay a few ticks.
    expect(delay.count).toBeGreaterThan(10);
    expect(delay.percentile(90) / 1e6).toBeLessThan(50);
    await runtime.dispose();
  });

  it('ends with the process, which need not dispose of it', async () => {
    const script = `
      import { createNodeRuntime } from '@vlmkit/runtime-node';
      await createNodeRuntime({ device: 'cpu', threads: 1 });
      console.log('open');`;
    expect(await runScript(script)).toEqual(['open', 0]);
  });

  it('reports to nobody, and leaves no file of reports', async () => {
    const home = await mkdtemp(join(tmpdir(), 'vlmkit-home-'));
    const script = `
      import { createNodeRuntime } from '@vlmkit/runtime-node';
      const runtime = await createNodeRuntime({ device: 'cpu', threads: 1 });
      await runtime.dispose();
      console.log('closed');`;
    const folders = { HOME: home, TMPDIR: home, XDG_CACHE_HOME: join(home, 'cache') };
    expect(await runScript(script, { ORT_DISABLE_TELEMETRY: undefined, ...folders })).toEqual(['closed', 0]);
    expect(await readdir(home)).toEqual([]);
    await rm(home, { recursive: true });
  });

  it('gives memory back: many sessions, tensors and buffers later the process is as large as before', async () => {
    const runtime = await createNodeRuntime({ device: 'cpu', threads: 1 });
    const model = heavyGraph(2);
    for (let i = 0; i < 10; i++) await cycle(runtime, model);
    const before = process.memoryUsage().rss;
    for (let i = 0; i < 60; i++) await cycle(runtime, model);
    const grown = (process.memoryUsage().rss - before) / 2 ** 20;
    // Each cycle loads 8 MiB of weights: 480 MiB if they were not freed.
    expect(grown).toBeLessThan(120);
    await runtime.dispose();
  });
});

async function cycle(runtime: Runtime, model: GraphModel): Promise<void> {
  const session = await runtime.createSession(model);
  const kept = (await session.run({ x: ones(16) }, { keep: ['y'] })).device('y');
  await session.run({ x: kept });
  kept.dispose();
  await session.dispose();
  const cache = await runtime.createSession(cacheGraph());
  const rows = runtime.createRows({ dtype: 'float32', rowDims: [2], capacity: 2 ** 20, filledBy: { new: ['past'] } });
  for (let i = 0; i < 2; i++) await cache.run({ x: tensor('float32', [1, 2], Float32Array.of(1, 2)) }, { rows });
  rows.dispose();
  await cache.dispose();
}

/** Runs a script in a process of its own. Returns what it printed and its exit code. */
async function runScript(script: string, env: NodeJS.ProcessEnv = {}): Promise<[string, number | null]> {
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    cwd: fileURLToPath(new URL('.', import.meta.url)),
    env: { ...process.env, ...env },
  });
  let output = '';
  child.stdout.on('data', (data) => {
    output += data;
  });
  const code = await new Promise<number | null>((resolve) => child.on('exit', resolve));
  return [output.trim(), code];
}
