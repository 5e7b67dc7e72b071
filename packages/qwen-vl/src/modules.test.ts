import { openCheckpoint } from '@vlmkit/checkpoint';
import { openFolder } from '@vlmkit/checkpoint/node';
import type { ModelModules, Runtime } from '@vlmkit/core';
import { checkpointPath } from '@vlmkit/demo-model';
import { createNodeRuntime } from '@vlmkit/runtime-node';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type LoadQwenVLOptions, loadQwenVL } from './load.js';
import { FakeBackbone, FakeEncoder } from './testing/fakes.js';

let runtime: Runtime;
beforeAll(async () => {
  runtime = await createNodeRuntime({ device: 'cpu', threads: 1 });
});
afterAll(() => runtime?.dispose());

/** A runtime that counts its open sessions, and has no room for more than `room`. */
function countingRuntime(room = Number.POSITIVE_INFINITY): { readonly runtime: Runtime; open(): number } {
  let open = 0;
  return {
    open: () => open,
    runtime: {
      profile: runtime.profile,
      createRows: (options) => runtime.createRows(options),
      dispose: async () => undefined,
      createSession: async (...args) => {
        if (open === room) throw new Error('no memory');
        const session = await runtime.createSession(...args);
        open += 1;
        const dispose = async () => {
          open -= 1;
          await session.dispose();
        };
        return { inputs: session.inputs, outputs: session.outputs, run: (...run) => session.run(...run), dispose };
      },
    },
  };
}

async function load(options: Partial<LoadQwenVLOptions> & Pick<LoadQwenVLOptions, 'runtime'>) {
  const checkpoint = await openCheckpoint(await openFolder(checkpointPath()));
  try {
    return await loadQwenVL({ checkpoint, ...options });
  } finally {
    await checkpoint.close();
  }
}

describe('loading that fails', () => {
  it('frees what was loaded before a session found no room', async () => {
    for (const room of [1, 2]) {
      const counting = countingRuntime(room);
      await expect(load({ runtime: counting.runtime })).rejects.toThrow('no memory');
      expect(counting.open()).toBe(0);
    }
  });

  it('frees everything when a tensor is left over', async () => {
    const checkpoint = await openCheckpoint(await openFolder(checkpointPath()));
    const checkUnused = () => {
      throw new Error('left over');
    };
    const counting = countingRuntime();
    const loading = loadQwenVL({ checkpoint: { ...checkpoint, checkUnused }, runtime: counting.runtime });
    await expect(loading).rejects.toThrow('left over');
    expect(counting.open()).toBe(0);
    await checkpoint.close();
  });

  it('frees what it loaded beside modules of one’s own, and leaves those alone', async () => {
    const dispose = vi.fn(async () => undefined);
    const own: Partial<ModelModules> = {
      encoder: Object.assign(new FakeEncoder(), { dispose }),
      backbone: Object.assign(new FakeBackbone([1]), { dispose }),
    };
    const counting = countingRuntime();
    await expect(load({ runtime: counting.runtime, modules: own })).rejects.toThrow(/do not fit together/);
    expect(counting.open()).toBe(0);
    expect(dispose).not.toHaveBeenCalled();
  });
});

describe('the progress of loading', () => {
  /** Fractions that are told while every session reads its weights in quarters. */
  async function progressOf(modules: Partial<ModelModules> = {}) {
    const told: (readonly [stage: string, fraction: number])[] = [];
    const { runtime: counted } = countingRuntime();
    const quarters: Runtime = {
      ...counted,
      createSession: async (graph, options = {}) => {
        for (const fraction of [0.25, 0.5, 0.75]) options.onProgress?.(fraction);
        return counted.createSession(graph);
      },
    };
    const onProgress = (stage: string, fraction: number) => told.push([stage, fraction]);
    await (await load({ runtime: quarters, modules, onProgress })).dispose();
    return told;
  }

  it('follows the bytes of the modules', async () => {
    const { weights, close } = await openCheckpoint(await openFolder(checkpointPath()));
    const bytes = (owns: (name: string) => boolean) =>
      weights.names.filter(owns).reduce((sum, name) => sum + weights.info(name).byteLength, 0);
    const vision = bytes((name) => name.startsWith('visual.')) / bytes(() => true);
    await close();
    const told = await progressOf();
    const [first, ...others] = told.map(([, fraction]) => fraction);
    expect(first).toBe(0);
    others.reduce((before, fraction) => {
      expect(fraction).toBeGreaterThanOrEqual(before);
      return fraction;
    }, 0);
    expect(told.at(-1)).toEqual(['ready', 1]);
    // Where the first begins, each quarter of each module, and where a stage begins.
    expect(told.filter(([stage]) => stage === 'vision')).toHaveLength(9);
    expect(told.findLast(([stage]) => stage === 'vision')![1]).toBeCloseTo(vision, 6);
    const language = told.filter(([stage]) => stage === 'language').map(([, fraction]) => fraction);
    const quarters = [0, 0.25, 0.5, 0.75, 1].map((part) => expect.closeTo(vision + part * (1 - vision), 6));
    expect(language).toEqual(quarters);
  });

  it('leaves out modules of one’s own', async () => {
    const backbone = Object.assign(new FakeBackbone([1]), { hiddenSize: 192 });
    const told = await progressOf({ backbone });
    expect(told.some(([stage]) => stage === 'language')).toBe(false);
    expect(told.at(-2)).toEqual(['vision', 1]);
  });
});
