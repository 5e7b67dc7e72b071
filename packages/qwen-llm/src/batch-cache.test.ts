import type { BackboneState, DeviceProfile, RunOptions, RunResult, Runtime } from '@vlmkit/core';
import { createNodeRuntime } from '@vlmkit/runtime-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createQwenLlm } from './index.js';
import { countingRuntime } from './testing/counting-runtime.js';
import { runText } from './testing/run-text.js';
import { toyConfig, toyWeights } from './testing/toy-decoder.js';

let runtime: Runtime;
beforeAll(async () => {
  runtime = await createNodeRuntime({ device: 'cpu', threads: 1 });
});
afterAll(() => runtime.dispose());

const prompts = [150, 20, 300, 180].map((length, p) => Array.from({ length }, (_, i) => (i * 31 + p * 47) % 160));
/** Of the answers. The second goes on alone in the end, when most of the cache is that of others. */
const lengths = [3, 40, 6, 6];
const capacities = prompts.map(({ length }, i) => length + lengths[i]!);

/** A backbone on a device that is as `profile` says, and the extents of its caches after each run of the decoder. */
async function openToy(profile: Partial<DeviceProfile>, wrap = (toy: Runtime) => toy) {
  const rows: number[] = [];
  const onRun = (result: RunResult, options: RunOptions) => {
    if (options.outputs?.includes('logits')) {
      rows.push(options.rows?.length ?? result.device('present_key.0.0').dims[0]!);
    }
  };
  const counted = countingRuntime(runtime, { profile: { ...runtime.profile, ...profile }, onRun });
  const llm = await createQwenLlm({ config: toyConfig, weights: toyWeights(3), runtime: wrap(counted) });
  const generate = (p: number, state?: BackboneState) =>
    runText(llm, prompts[p]!, { maxNewTokens: lengths[p]!, ...(state && { state }) }).then(({ ids }) => ids);
  return { llm, rows, generate };
}

/** Answers all prompts apart and together; returns the rows of the cache that all share. */
async function compare({ llm, rows, generate }: Awaited<ReturnType<typeof openToy>>): Promise<readonly number[]> {
  const apart: (readonly number[])[] = [];
  for (const p of prompts.keys()) apart.push(await generate(p));
  rows.length = 0;
  const states = llm.createBatch!(capacities);
  expect(await Promise.all(states.map((state, p) => generate(p, state)))).toEqual(apart);
  await llm.dispose();
  return rows;
}

describe('a batch whose sequences have left for the most part', () => {
  it.each<[string, Partial<DeviceProfile>]>([
    ['appended', { kvCache: 'append', deviceOutputs: true }],
    ['handed on', { kvCache: 'handover', deviceOutputs: true }],
    ['of bursts', { kvCache: 'append', deviceOutputs: false }],
  ])('moves into a smaller cache, with the same text: %s', async (_, profile) => {
    const rows = await compare(await openToy(profile));
    expect(Math.max(...rows)).toBeGreaterThan(650);
    // Of the second sequence alone, but for the last token, which is not fed.
    expect(rows.at(-1)).toBe(capacities[1]! - 1);
  });

  it('tells how much memory the cache takes then', async () => {
    const { llm, generate } = await openToy({ kvCache: 'append' });
    const states = llm.createBatch!(capacities);
    const before = states[1]!.byteLength;
    await Promise.all(states.map((state, p) => generate(p, state)));
    const alone = llm.createState(capacities[1]!);
    expect(before).toBeGreaterThan(10 * alone.byteLength);
    expect(states[1]!.byteLength).toBe(alone.byteLength);
    alone.dispose();
    await llm.dispose();
  });

  it('goes on with the cache that it has where it cannot move', async () => {
    let tried = 0;
    const wrap = (toy: Runtime): Runtime => ({
      ...toy,
      createSession: async (model, options) => {
        if (model.name !== 'cache-mover') return toy.createSession(model, options);
        tried += 1;
        throw new Error('There is no memory.');
      },
    });
    const rows = await compare(await openToy({ kvCache: 'append' }, wrap));
    expect(rows.at(-1)).toBeGreaterThan(650);
    expect(tried).toBe(1);
  });

  it('may be given up while it moves', async () => {
    const gate: { open(): void; reached: boolean } = { open: () => undefined, reached: false };
    const wrap = (toy: Runtime): Runtime => ({
      ...toy,
      createSession: async (model, options) => {
        if (model.name === 'cache-mover') {
          gate.reached = true;
          await new Promise<void>((resolve) => {
            gate.open = resolve;
          });
        }
        return toy.createSession(model, options);
      },
    });
    const { llm, generate } = await openToy({ kvCache: 'append' }, wrap);
    const states = llm.createBatch!(capacities);
    const answers = Promise.allSettled(states.map((state, p) => generate(p, state)));
    while (!gate.reached) await new Promise((resolve) => setTimeout(resolve, 5));
    for (const state of states) state.dispose();
    gate.open();
    const results = await answers;
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled', 'fulfilled']);
    expect(results[1]).toMatchObject({ reason: { message: expect.stringMatching(/were disposed of/) } });
    await llm.dispose();
  });
});
