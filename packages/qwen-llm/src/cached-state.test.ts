import { AbortError, type LanguageBackbone, type Runtime, type Session } from '@vlmkit/core';
import { createNodeRuntime } from '@vlmkit/runtime-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { singleStepFeeds } from './burst-plan.js';
import { CachedState } from './cached-state.js';
import { createQwenLlm, createSampler, generateTokens, isBurstState } from './index.js';
import { countingRuntime } from './testing/counting-runtime.js';
import { expectClose } from './testing/expect-close.js';
import { textPositions } from './testing/run-text.js';
import { toyConfig, toyWeights } from './testing/toy-decoder.js';

let runtime: Runtime;
let steps: LanguageBackbone;
let bursts: LanguageBackbone;

beforeAll(async () => {
  runtime = await createNodeRuntime({ device: 'cpu', threads: 1 });
  const host = countingRuntime(runtime, { profile: { ...runtime.profile, deviceOutputs: false }, onRun: () => {} });
  const options = { config: toyConfig, weights: toyWeights(3), prefillChunk: 4 };
  steps = await createQwenLlm({ ...options, runtime });
  bursts = await createQwenLlm({ ...options, runtime: host });
});
afterAll(() => runtime.dispose());

const prompt = Array.from({ length: 12 }, (_, i) => (i * 37) % 160);
const more = [50, 51, 52];

describe('a state on which a run is under way', () => {
  it('refuses another run and a cut, and goes on as if neither had been asked for', async () => {
    for (const backbone of [steps, bursts]) {
      const state = backbone.createState(40);
      const running = state.forward(inputOf(prompt));
      await expect(state.forward(inputOf(more, 12))).rejects.toThrow(/fed while a run on it was under way\. Await/);
      if (isBurstState(state)) {
        const { positions } = inputOf([1]);
        const burst = state.burst({ tokenIds: [1], positions, choice: singleStepFeeds(toyConfig.vocabSize) });
        await expect(burst).rejects.toMatchObject({ name: 'RuntimeError' });
      }
      expect(() => state.truncate(0)).toThrow(/truncated while a run/);
      await running;
      expect(state.length).toBe(12);
      const { logits } = await state.forward(inputOf(more, 12));
      const other = backbone.createState(40);
      await other.forward(inputOf(prompt));
      expectClose(logits.data, (await other.forward(inputOf(more, 12))).logits.data);
      state.truncate(4);
      expect(state.length).toBe(4);
      state.dispose();
      other.dispose();
    }
  });

  it('may be disposed of', async () => {
    const state = steps.createState(40);
    const running = state.forward(inputOf(prompt));
    state.dispose();
    await expect(running).rejects.toMatchObject({ name: 'RuntimeError' });
  });

  it('takes back what it has computed when a run fails, and may be used again', async () => {
    const state = steps.createState(40);
    const controller = new AbortController();
    const running = state.forward(inputOf(prompt), { signal: controller.signal });
    controller.abort();
    await expect(running).rejects.toBeInstanceOf(AbortError);
    expect(state.length).toBe(0);
    await state.forward(inputOf(prompt));
    expect(state.length).toBe(12);
    state.dispose();
  });

  it('lets a generation that is left early drop its guesses', async () => {
    for (const backbone of [steps, bursts]) {
      const state = backbone.createState(60);
      const { logits } = await state.forward(inputOf(prompt));
      const options = { state, logits, promptIds: prompt, ropeDelta: 0, stopIds: [], maxNewTokens: 40, sampling: {} };
      const tokens = generateTokens({ ...options, sampler: createSampler() });
      await tokens.next();
      const second = tokens.next();
      await Promise.all([second, tokens.return()]);
      expect(state.length).toBe(prompt.length + 1);
      state.dispose();
    }
  });
});

it('a state whose cache cannot be cut tells what its run failed by', async () => {
  const failure = new AbortError();
  const session = { run: () => Promise.reject(failure) } as unknown as Session;
  const createCache = () => ({
    options: {},
    feeds: () => ({}),
    accept: () => undefined,
    dispose: () => undefined,
    truncate: () => {
      throw new Error('There are fewer rows.');
    },
  });
  const mover = { grown: () => Promise.reject(failure) };
  const options = {
    config: toyConfig,
    runtime,
    session,
    prefillChunk: 4,
    cacheType: 'float32',
    createCache,
    mover,
  } as const;
  const state = new CachedState({ ...options, capacity: 20 });
  await expect(state.forward(inputOf(more))).rejects.toBe(failure);
});

function inputOf(tokenIds: readonly number[], from = 0) {
  const { positions } = textPositions(tokenIds);
  return { tokenIds, positions: { ...positions, data: positions.data.map((position) => position + BigInt(from)) } };
}
