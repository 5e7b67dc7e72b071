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
      createRows: (...args) => runtime.createRows(...args),
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
