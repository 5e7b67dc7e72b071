import type { BackboneState, DeviceTensor, LanguageBackbone, Runtime } from '@vlmkit/core';
import { createNodeRuntime } from '@vlmkit/runtime-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createQwenLlm } from './index.js';
import { countingRuntime } from './testing/counting-runtime.js';
import { expectClose } from './testing/expect-close.js';
import { runText, textPositions } from './testing/run-text.js';
import { toyConfig, toyWeights } from './testing/toy-decoder.js';

/** Tensors that runs have kept on the device, in order. */
const kept: DeviceTensor[] = [];
let runtime: Runtime;
let appending: LanguageBackbone;
let handingOn: LanguageBackbone;

/** A runtime that keeps the cache on the device, and notes what it keeps. */
function keepingRuntime(): Runtime {
  return {
    ...countingRuntime(runtime, {
      profile: { ...runtime.profile, kvCache: 'handover' },
      onRun: (result, { keep = [] }) => kept.push(...keep.map((name) => result.device(name))),
    }),
    createRows: () => {
      throw new Error('No rows are appended where the device keeps the cache.');
    },
  };
}

beforeAll(async () => {
  runtime = await createNodeRuntime({ device: 'cpu', threads: 1 });
  const options = { config: toyConfig, weights: toyWeights(2), prefillChunk: 8 };
  appending = await createQwenLlm({ ...options, runtime });
  handingOn = await createQwenLlm({ ...options, runtime: keepingRuntime() });
});
afterAll(() => runtime.dispose());

const prompt = [5, 17, 42, 99, 7, 5, 17, 42, 99, 8, 5, 17];

function feed(state: BackboneState, ids: readonly number[]) {
  const from = state.length;
  const { positions } = textPositions([...new Array<number>(from).fill(0), ...ids]);
  const count = from + ids.length;
  const own = { ...positions, dims: [3, ids.length] as const, data: cut(positions.data, count, from) };
  return state.forward({ tokenIds: ids, positions: own }, { logitRows: ids.length });
}

/** The last places of each of three axes. */
function cut(data: BigInt64Array, count: number, from: number): BigInt64Array<ArrayBuffer> {
  const axes = [0, 1, 2].map((axis) => data.subarray(axis * count + from, (axis + 1) * count));
  return BigInt64Array.from(axes.flatMap((axis) => [...axis]));
}

describe('a cache that is handed on', () => {
  it.each([
    ['greedy', {}],
    ['sampled', { sampling: { temperature: 0.9, topK: 30, seed: 4 } }],
    ['with guesses, some of which are taken back', { promptLookup: { ngram: 1, maxTokens: 6 } }],
  ])('gives the text of one that is appended to, %s', async (_, options) => {
    const text = await runText(handingOn, prompt, { ...options, maxNewTokens: 30 });
    expect(text.ids).toEqual((await runText(appending, prompt, { ...options, maxNewTokens: 30 })).ids);
  });

  it('forgets the end, or everything, and goes on', async () => {
    const states = [appending, handingOn].map((backbone) => backbone.createState(64));
    const last: Float32Array[][] = [];
    for (const state of states) {
      const results = [await feed(state, prompt)];
      state.truncate(5);
      results.push(await feed(state, [3, 4, 5]));
      state.truncate(0);
      results.push(await feed(state, [9, 8]));
      expect(state.length).toBe(2);
      last.push(results.map(({ logits }) => logits.data));
      state.dispose();
    }
    for (const [i, expected] of last[0]!.entries()) expectClose(last[1]![i]!, expected);
  });

  it('serves a batch', async () => {
    const prompts = [prompt, prompt.slice(0, 3), [1, 2, 3, 4, 5, 6, 7, 8, 9]];
    const together = async (backbone: LanguageBackbone) => {
      const states = backbone.createBatch!(prompts.map(({ length }) => length + 12));
      const texts = states.map((state, i) => runText(backbone, prompts[i]!, { state, maxNewTokens: 8 + 2 * i }));
      return (await Promise.all(texts)).map(({ ids }) => ids);
    };
    expect(await together(handingOn)).toEqual(await together(appending));
  });

  it('frees what a run has replaced, and the rest with the state', async () => {
    kept.length = 0;
    const state = handingOn.createState(64);
    await feed(state, prompt);
    await feed(state, [1]);
    const perRun = toyConfig.numHiddenLayers * toyConfig.numKeyValueHeads * 2;
    const usable = async () => {
      const reads = await Promise.allSettled(kept.map((tensor) => tensor.download()));
      return reads.filter(({ status }) => status === 'fulfilled').length;
    };
    // The prompt, and a token.
    expect(kept.length).toBe(2 * perRun);
    expect(await usable()).toBe(perRun);
    state.dispose();
    expect(await usable()).toBe(0);
  });

  it('frees what a run keeps when the state was given up meanwhile', async () => {
    kept.length = 0;
    const state = handingOn.createState(64);
    const run = feed(state, prompt);
    state.dispose();
    await run;
    const reads = await Promise.allSettled(kept.map((tensor) => tensor.download()));
    expect(kept.length).toBeGreaterThan(0);
    expect(reads.filter(({ status }) => status === 'fulfilled')).toEqual([]);
  });
});
