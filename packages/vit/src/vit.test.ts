import { fileURLToPath } from 'node:url';
import { type CheckpointFiles, openCheckpoint, openWeights, quantizeCheckpoint } from '@vlmkit/checkpoint';
import { openFolder } from '@vlmkit/checkpoint/node';
import {
  AbortError,
  type DeviceProfile,
  type GridThw,
  type Runtime,
  type Tensor,
  tensor,
  WeightError,
  type WeightFile,
  type WeightSource,
} from '@vlmkit/core';
import { createNodeRuntime } from '@vlmkit/runtime-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { patchValues, type VitConfig } from './config.js';
import { createVit } from './encoder.js';
import { planVitMemory } from './memory-plan.js';
import { buildVitGraph } from './vit-graph.js';

// Made by tools/golden/vit.py with transformers.
const fixtures = fileURLToPath(new URL('../../../fixtures/vit/', import.meta.url));

let runtime: Runtime;
beforeAll(async () => {
  runtime = await createNodeRuntime({ device: 'cpu', threads: 1 });
});
afterAll(() => runtime.dispose());

const opened: CheckpointFiles[] = [];
afterAll(() => Promise.all(opened.map((files) => files.close?.())));

/** A fixture's folder, closed after the tests. */
async function openFixture(folder: string): Promise<CheckpointFiles> {
  const files = await openFolder(folder);
  opened.push(files);
  return files;
}

interface GoldenCase {
  readonly config: VitConfig;
  readonly weights: WeightSource;
  readonly grid: GridThw;
  readonly features: Tensor;
}

async function openCase(name: string): Promise<GoldenCase> {
  const { config, weights } = await openCheckpoint(await openFixture(`${fixtures}${name}`));
  const expected = await openWeights(await openFixture(`${fixtures}${name}/expected`));
  const [t, h, w] = [...(await expected.read('0.grid')).data].map(Number);
  return { config: config.vision!, weights, grid: [t!, h!, w!], features: await expected.read('0.features') };
}

/** The patches that the reference was fed. */
function patchesOf([t, h, w]: GridThw, config: VitConfig): Tensor<'float32'> {
  const dims = [t * h * w, patchValues(config)] as const;
  const data = Float32Array.from({ length: dims[0] * dims[1] }, (_, i) => ((i * 2654435761) % 2 ** 32) / 2 ** 30 - 2);
  return tensor('float32', dims, data);
}

/** Largest difference as a part of the largest expected value. */
function difference(actual: Tensor, expected: Tensor): number {
  expect(actual.dims).toEqual(expected.dims);
  const wanted = Array.from(expected.data, Number);
  const largest = Math.max(...wanted.map(Math.abs));
  return Math.max(...wanted.map((value, i) => Math.abs(value - Number(actual.data[i])))) / largest;
}

/** The runtime, said to have other abilities. */
function pretend(change: Partial<DeviceProfile>): Pick<Runtime, 'profile' | 'createSession'> {
  return {
    profile: { ...runtime.profile, ...change },
    createSession: (model, options) => runtime.createSession(model, options),
  };
}

describe.each(['windowed-bf16', 'windowed-f32', 'plain-f16'])('the encoder on %s', (name) => {
  it.each(['fused', 'composed'] as const)('equals the reference with %s attention', async (attention) => {
    const { config, weights, grid, features } = await openCase(name);
    const vit = await createVit({ config, weights, runtime: pretend({ attention }) });
    const result = await vit.encode({ patches: patchesOf(grid, config), grid });
    expect(vit.featureSize).toBe(config.hiddenSize);
    expect(difference(await result.download(), features)).toBeLessThan(1e-5);
    await vit.dispose();
  });

  it('equals the reference with attention in tiles of a few rows', async () => {
    const { config, weights, grid, features } = await openCase(name);
    const small = pretend({ attention: 'composed', maxBufferBytes: 40_000 });
    const vit = await createVit({ config, weights, runtime: small });
    const result = await vit.encode({ patches: patchesOf(grid, config), grid });
    expect(difference(await result.download(), features)).toBeLessThan(1e-5);
    await vit.dispose();
  });

  it('does not depend on the size of a page', async () => {
    const { config, weights, grid, features } = await openCase(name);
    for (const pageRows of [1, 24, 70]) {
      const vit = await createVit({ config, weights, runtime, pageRows });
      const result = await vit.encode({ patches: patchesOf(grid, config), grid });
      expect(difference(await result.download(), features)).toBeLessThan(1e-5);
      await vit.dispose();
    }
  });
});

/** Multiplies stored tensors on the way to the runtime. */
function scaleWeights(weights: WeightSource, factors: ReadonlyMap<string, number>): WeightSource {
  const read: WeightSource['read'] = async (name) => {
    const stored = await weights.read(name);
    const factor = factors.get(name);
    if (!factor || !(stored.data instanceof Float32Array)) return stored;
    return tensor(
      'float32',
      stored.dims,
      stored.data.map((value) => value * factor),
    );
  };
  const info: WeightSource['info'] = (name, dims) => {
    const found = weights.info(name, dims);
    if (!factors.has(name)) return found;
    const file: WeightFile = {
      location: `scaled:${name}`,
      byteLength: found.byteLength,
      async read(offset, length) {
        const { data } = await read(name);
        return new Uint8Array(data.buffer, data.byteOffset, data.byteLength).slice(offset, offset + length);
      },
    };
    return { ...found, file, offset: 0 };
  };
  return { ...weights, info, read };
}

describe('the float16 encoder', () => {
  it('equals float32 where activations fit, and where they do not', async () => {
    const { config, weights, grid } = await openCase('windowed-f32');
    const last = `visual.blocks.${config.depth - 1}.mlp`;
    // In the last block gate times up then exceeds float16's 65,504 by far, and the residual comes near to it.
    const factors = new Map([
      [`${last}.gate_proj.weight`, 600],
      [`${last}.up_proj.weight`, 600],
      [`${last}.down_proj.weight`, 0.1],
    ]);
    for (const source of [weights, scaleWeights(weights, factors)]) {
      const results: Tensor[] = [];
      for (const dtype of ['float32', 'float16'] as const) {
        const vit = await createVit({ config, weights: source, runtime: pretend({ float16: true }), dtype });
        results.push(await (await vit.encode({ patches: patchesOf(grid, config), grid })).download());
        await vit.dispose();
      }
      const [exact, half] = results as [Tensor, Tensor];
      if (source !== weights) expect(Math.max(...Array.from(exact.data, Number))).toBeGreaterThan(10_000);
      expect(difference(half, exact)).toBeLessThan(1e-2);
    }
  });

  it('is refused by a device without it', async () => {
    const { config, weights } = await openCase('windowed-f32');
    await expect(createVit({ config, weights, runtime, dtype: 'float16' })).rejects.toThrow(
      /does not compute in float16/,
    );
  });
});

/** Cosine of the angle between two tensors. */
function cosine(a: Tensor, b: Tensor): number {
  const [x, y] = [Array.from(a.data, Number), Array.from(b.data, Number)];
  return x.reduce((sum, value, i) => sum + value * y[i]!, 0) / (Math.hypot(...x) * Math.hypot(...y));
}

describe.each(['windowed-bf16', 'windowed-f32', 'plain-f16'])('the int8 encoder on %s', (name) => {
  it('points the way that the reference does', async () => {
    const { config, weights, grid, features } = await openCase(name);
    const vit = await createVit({ config, weights, runtime, dtype: 'int8' });
    const result = await vit.encode({ patches: patchesOf(grid, config), grid });
    expect(cosine(await result.download(), features)).toBeGreaterThan(0.999);
    await vit.dispose();
  });
});

describe('the encoder on weights in blocks of 8 bits', () => {
  it.each(['float32', 'int8'] as const)('points the way that the reference does in %s', async (dtype) => {
    const checkpoint = await openCheckpoint(await openFixture(`${fixtures}windowed-f32`));
    const { config, weights } = await quantizeCheckpoint(checkpoint, { dtype: 'q8', vision: 'q8' });
    // The rows of 16 hold one block; those of the down projection cannot hold one, and stay as they were.
    expect(weights.has('visual.blocks.0.attn.qkv.weight.q8')).toBe(true);
    expect(weights.has('visual.blocks.0.mlp.down_proj.weight')).toBe(true);
    const { grid, features } = await openCase('windowed-f32');
    const vit = await createVit({ config: config.vision!, weights, runtime, dtype });
    const result = await vit.encode({ patches: patchesOf(grid, config.vision!), grid });
    expect(cosine(await result.download(), features)).toBeGreaterThan(0.999);
    await vit.dispose();
  });
});

describe.each(['windowed-bf16', 'plain-f16'])('several pictures and clips on %s', (name) => {
  it('are encoded in one run as they are one by one', async () => {
    const { config, weights } = await openCase(name);
    const grids: GridThw[] = [
      [1, 10, 14],
      [3, 4, 12],
      [1, 2, 2],
      [1, 16, 16],
      [2, 4, 12],
    ];
    const inputs = grids.map((grid) => ({ grid, patches: patchesOf(grid, config) }));
    const vit = await createVit({ config, weights, runtime, pageRows: 100 });
    const joint = await (await vit.joint.encode(inputs)).download();
    let first = 0;
    for (const input of inputs) {
      const alone = await (await vit.encode(input)).download();
      const rows = joint.data.slice(first, first + alone.data.length) as Float32Array;
      expect(difference(tensor('float32', alone.dims, rows), alone)).toBeLessThan(1e-5);
      first += alone.data.length;
    }
    expect(joint.data).toHaveLength(first);
    await vit.dispose();
  });
});

describe('planVitMemory', () => {
  it('grows linearly with the patches, and foretells the published model', async () => {
    const published: VitConfig = {
      ...(await openCase('windowed-bf16')).config,
      depth: 32,
      hiddenSize: 1280,
      intermediateSize: 3420,
      numHeads: 16,
      headDim: 80,
    };
    const plan = (side: number) => planVitMemory({ config: published, grids: [[1, side, side]], pageRows: 512 });
    const [small, medium, large] = [plan(32), plan(64), plan(362)];
    expect(medium.features).toBe(4 * small.features);
    expect(large.page).toBe(small.page);
    // 630 million parameters of dense layers and patch embedding.
    expect(small.weights / 4e6).toBeCloseTo(631.9, 0);
    // 131,044 patches are 32k visual tokens.
    expect(large.peak).toBeLessThan(14 * 2 ** 30);
  });
});

describe('the encoder', () => {
  it('says how patches and grid disagree', async () => {
    const { config, weights } = await openCase('windowed-f32');
    const vit = await createVit({ config, weights, runtime });
    const patches = patchesOf([1, 4, 4], config);
    await expect(vit.encode({ patches, grid: [1, 4, 6] })).rejects.toThrow(
      /do not fit their grid.*\[24, 32\].*\[16, 32\]/,
    );
    await vit.dispose();
  });

  it('stops before it starts when the signal says so', async () => {
    const { config, weights } = await openCase('windowed-f32');
    const vit = await createVit({ config, weights, runtime });
    const input = { patches: patchesOf([1, 4, 4], config), grid: [1, 4, 4] as const };
    await expect(vit.encode(input, { signal: { aborted: true } })).rejects.toBeInstanceOf(AbortError);
    await vit.dispose();
  });

  it('names a weight that is missing or of another shape', async () => {
    const { config, weights } = await openCase('windowed-f32');
    const { profile } = runtime;
    const deeper = buildVitGraph({ config: { ...config, depth: 4 }, weights, profile });
    await expect(deeper).rejects.toBeInstanceOf(WeightError);
    await expect(deeper).rejects.toThrow(/visual\.blocks\.3\.norm1/);
    const wider = { ...config, intermediateSize: config.intermediateSize + 4 };
    await expect(buildVitGraph({ config: wider, weights, profile })).rejects.toThrow(
      /gate_proj\.\w+ has the wrong shape/,
    );
  });

  it('uses every vision tensor but the merger', async () => {
    const { config, weights } = await openCase('windowed-bf16');
    const used = new Set<string>();
    const info: WeightSource['info'] = (name, dims) => {
      used.add(name);
      return weights.info(name, dims);
    };
    await buildVitGraph({ config, weights: { ...weights, info }, profile: runtime.profile });
    expect([...used].toSorted()).toEqual(weights.names.filter((name) => !name.includes('.merger.')).toSorted());
  });
});
