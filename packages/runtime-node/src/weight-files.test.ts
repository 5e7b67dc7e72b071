import { link, mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Runtime, type Tensor, tensor, type WeightFile } from '@vlmkit/core';
import { GraphBuilder } from '@vlmkit/onnx-graph';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { createNodeRuntime } from './index.js';

const size = 8;
const byteLength = size * size * 4;
/** Diagonal matrices, so that a chain of them multiplies by the product of the factors. */
const diagonal = (factor: number, n = size) =>
  tensor(
    'float32',
    [n, n],
    Float32Array.from({ length: n * n }, (_, i) => (i % (n + 1) === 0 ? factor : 0)),
  );
const bytesOf = ({ data }: Tensor) => new Uint8Array(data.buffer, data.byteOffset, data.byteLength);

/** Only its place counts: onnxruntime maps it, and reading it would be a mistake. */
const mapped = (location: string, directory: string): WeightFile => ({
  location,
  directory,
  byteLength,
  read: () => Promise.reject(new Error('a local file was read')),
});

describe('weights', () => {
  let runtime: Runtime;
  let folder: string;

  beforeAll(async () => {
    runtime = await createNodeRuntime({ device: 'cpu' });
    folder = await mkdtemp(join(tmpdir(), 'runtime-node-test-'));
    await mkdir(join(folder, 'blobs'));
    await mkdir(join(folder, 'snapshots', 'ä b'), { recursive: true });
    await writeFile(join(folder, 'blobs', 'sha'), bytesOf(diagonal(2)));
    await writeFile(join(folder, 'snapshots', 'ä b', 'plain.bin'), bytesOf(diagonal(3)));
    await writeFile(join(folder, 'snapshots', 'ä b', 'short.bin'), bytesOf(diagonal(3)).subarray(0, 100));
    await symlink(join('..', '..', 'blobs', 'sha'), join(folder, 'snapshots', 'ä b', 'linked.bin'));
    await link(join(folder, 'blobs', 'sha'), join(folder, 'blobs', 'second'));
  });
  afterAll(async () => {
    await runtime.dispose();
    await rm(folder, { recursive: true });
  });

  const run = async (build: (graph: GraphBuilder) => void) => {
    const graph = new GraphBuilder();
    build(graph);
    const session = await runtime.createSession(graph.finish('weights'));
    const ones = tensor('float32', [1, size], new Float32Array(size).fill(1));
    const { data } = (await session.run({ x: ones })).host('y', 'float32');
    await session.dispose();
    return data[size - 1];
  };
  const chain = (files: readonly WeightFile[], inline: readonly number[] = []) =>
    run((graph) => {
      let x = graph.input('x', 'float32', ['n', size]);
      for (const [i, file] of files.entries()) {
        const info = { name: `w${i}`, dtype: 'float32' as const, dims: [size, size], file, offset: 0, byteLength };
        x = graph.op('MatMul', [x, graph.weight(info)]);
      }
      for (const [i, factor] of inline.entries()) {
        x = graph.op('MatMul', [x, graph.inlineWeight(`i${i}`, diagonal(factor))]);
      }
      graph.output('y', x, ['n', size]);
    });
  const snapshot = () => join(folder, 'snapshots', 'ä b');

  it('are mapped from a folder', async () => {
    expect(await chain([mapped('plain.bin', snapshot())])).toBe(3);
  });

  it('are mapped through links, as a Hub cache has them, and from several folders', async () => {
    expect(await chain([mapped('linked.bin', snapshot()), mapped('plain.bin', snapshot())])).toBe(6);
    expect(await chain([mapped('plain.bin', snapshot()), mapped('second', join(folder, 'blobs'))])).toBe(6);
  });

  it('come from files and from memory in one graph', async () => {
    expect(await chain([mapped('plain.bin', snapshot())], [5, 7])).toBe(105);
  });

  it('come from files and from more memory than is embedded, and leave no temporary file behind', async () => {
    const temporary = join(folder, 'tmp');
    await mkdir(temporary);
    vi.stubEnv('TMPDIR', temporary);
    const tall = tensor('float32', [3 * 2 ** 20, 2], new Float32Array(6 * 2 ** 20).fill(0.5));
    const result = await run((graph) => {
      const file = mapped('linked.bin', snapshot());
      const info = { name: 'w', dtype: 'float32' as const, dims: [size, size], file, offset: 0, byteLength };
      const x = graph.op('MatMul', [graph.input('x', 'float32', ['n', size]), graph.weight(info)]);
      const rows = graph.op('Gather', [graph.inlineWeight('tall', tall), graph.ints(0, 3 * 2 ** 20 - 1)]);
      graph.output('y', graph.op('Add', [x, graph.op('ReduceSum', [rows])]), ['n', size]);
    });
    expect(result).toBe(4);
    vi.unstubAllEnvs();
    expect(await readdir(temporary)).toEqual([]);
  });

  it('are named when their file is missing, a folder, or too short', async () => {
    const rejects = (location: string, message: RegExp) =>
      expect(chain([mapped(location, snapshot())])).rejects.toThrow(message);
    await rejects('none.bin', /"weights" cannot be loaded: a weight file is missing.*none\.bin/);
    await rejects('short.bin', /"weights" cannot be loaded: the file of the weight "w0" is shorter/);
    await rejects('.', /"weights" cannot be loaded/);
  });
});
