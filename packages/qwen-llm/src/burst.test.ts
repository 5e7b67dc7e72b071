import { AbortError, type LanguageBackbone, type Runtime, type Tensor } from '@vlmkit/core';
import { createNodeRuntime } from '@vlmkit/runtime-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createQwenLlm, createSampler, generateTokens, isBurstState, type SamplingOptions } from './index.js';
import { countingRuntime } from './testing/counting-runtime.js';
import { expectClose } from './testing/expect-close.js';
import { runText, textPositions } from './testing/run-text.js';
import { memoryWeights, toyConfig, toyWeights } from './testing/toy-decoder.js';

let runtime: Runtime;
let plain: LanguageBackbone;
let burst: LanguageBackbone;
let runs = 0;
const prompt = Array.from({ length: 21 }, (_, i) => (i * 37) % 160);

beforeAll(async () => {
  runtime = await createNodeRuntime({ device: 'cpu', threads: 1 });
  const options = { config: toyConfig, weights: toyWeights(2), prefillChunk: 8 };
  plain = await createQwenLlm({ ...options, runtime });
  const hostOutputs = { ...runtime.profile, deviceOutputs: false };
  burst = await createQwenLlm({
    ...options,
    runtime: countingRuntime(runtime, { profile: hostOutputs, onRun: () => runs++ }),
  });
});
afterAll(() => runtime.dispose());

describe('a device that returns outputs through the host', () => {
  it('prefills as others do', async () => {
    const [a, b] = [plain.createState(40), burst.createState(40)];
    const input = { tokenIds: prompt, positions: textPositions(prompt).positions };
    const expected = await a.forward(input, { logitRows: 3, hiddenStates: true });
    const actual = await b.forward(input, { logitRows: 3, hiddenStates: true });
    expectClose(actual.logits.data, expected.logits.data);
    expectClose(actual.hiddenStates!.data, expected.hiddenStates!.data);
    expect(isBurstState(a)).toBe(false);
    expect(isBurstState(b)).toBe(true);
    a.dispose();
    b.dispose();
  });

  const cases: Readonly<Record<string, SamplingOptions>> = {
    greedy: {},
    'with a repetition penalty': { repetitionPenalty: 1.3 },
    'with bias, bans and padding': { logitBias: { 3: 4, 5: -2 }, bannedIds: [7, 8, 9], tokenizerSize: 150 },
    sampled: { temperature: 0.9, topK: 20, seed: 3 },
    'sampled with every cut': { temperature: 1.4, topK: 50, topP: 0.9, minP: 0.02, repetitionPenalty: 1.1, seed: 8 },
    'with a top-p that leaves one token': { temperature: 2, topK: 20, topP: 0, seed: 4 },
    'almost greedy': { temperature: 1e-6, topK: 1, seed: 1 },
  };
  for (const [name, sampling] of Object.entries(cases)) {
    it(`gives the same text in bursts, ${name}`, async () => {
      for (const maxNewTokens of [1, 2, 17, 60]) {
        const expected = await runText(plain, prompt, { sampling, maxNewTokens });
        runs = 0;
        const actual = await runText(burst, prompt, { sampling, maxNewTokens, inBursts: true });
        expect(actual.ids).toEqual(expected.ids);
        expect(actual.cached).toBe(expected.cached);
        // Three chunks of the prompt, and a run for every sixteen tokens after the first.
        expect(runs).toBe(3 + Math.ceil((maxNewTokens - 1) / 16));
      }
    });
  }

  it('gives the same text where scores are equal', async () => {
    const weights = toyWeights(2);
    const tensors = new Map<string, Tensor>();
    for (const name of weights.names) tensors.set(name, await weights.read(name));
    // The upper half of the vocabulary scores as the lower does.
    const head = tensors.get('lm_head.weight')!.data as Float32Array;
    head.copyWithin(head.length / 2, 0, head.length / 2);
    const options = { config: toyConfig, weights: memoryWeights(tensors) };
    const host = countingRuntime(runtime, { profile: { ...runtime.profile, deviceOutputs: false }, onRun: () => {} });
    const single = await createQwenLlm({ ...options, runtime });
    const several = await createQwenLlm({ ...options, runtime: host });
    const cases: readonly SamplingOptions[] = [
      {},
      { temperature: 1, topK: 1, seed: 1 },
      { temperature: 0.7, topK: 5, seed: 2 },
      { temperature: 1.5, topK: 20, topP: 0.6, seed: 3 },
      // Fewer tokens are left than k.
      { temperature: 1, topK: 20, tokenizerSize: 12, seed: 4 },
      // There is none after the k-th.
      { temperature: 1, topK: toyConfig.vocabSize, seed: 5 },
    ];
    for (const sampling of cases) {
      const expected = await runText(single, prompt, { sampling, maxNewTokens: 100 });
      const actual = await runText(several, prompt, { sampling, maxNewTokens: 100, inBursts: true });
      expect(actual.ids).toEqual(expected.ids);
    }
    await single.dispose();
    await several.dispose();
  });

  it('ends a burst at a stop id', async () => {
    const free = await runText(plain, prompt);
    const stop = free.ids[9]!;
    const expected = await runText(plain, prompt, { stopIds: [159, stop] });
    const actual = await runText(burst, prompt, { stopIds: [159, stop], inBursts: true });
    expect(actual.ids).toEqual(expected.ids);
    expect(actual.cached).toBe(expected.cached);
  });

  it('takes single steps where a burst cannot choose as the sampler does', async () => {
    for (const sampling of [{ topLogprobs: 2 }, { presencePenalty: 1 }, { temperature: 1, seed: 2 }]) {
      const expected = await runText(plain, prompt, { sampling, maxNewTokens: 12 });
      runs = 0;
      expect((await runText(burst, prompt, { sampling, maxNewTokens: 12, inBursts: true })).ids).toEqual(expected.ids);
      expect(runs).toBe(3 + 11);
    }
  });

  it('takes back what a caller who leaves early did not see', async () => {
    const expected = (await runText(plain, prompt)).ids;
    const state = burst.createState(80);
    const { positions } = textPositions(prompt);
    const { logits } = await state.forward({ tokenIds: prompt, positions });
    const controller = { aborted: false };
    const ids: number[] = [];
    const options = { state, logits, promptIds: prompt, ropeDelta: 0, stopIds: [], maxNewTokens: 50 };
    const tokens = generateTokens({ ...options, sampler: createSampler(), sampling: {}, signal: controller });
    const run = async () => {
      for await (const { id } of tokens) {
        ids.push(id);
        controller.aborted = ids.length === 5;
      }
    };
    await expect(run()).rejects.toBeInstanceOf(AbortError);
    expect(ids).toEqual(expected.slice(0, 5));
    expect(state.length).toBe(prompt.length + 4);
    state.dispose();
  });

  it('ends as single steps do where no token can follow', async () => {
    const free = (await runText(plain, prompt)).ids;
    const last = free.findIndex((id, i) => i > 3 && !free.slice(0, i).includes(id) && !prompt.includes(id));
    // A token whose embedding has overflowed leaves no logits.
    const weights = toyWeights(2);
    const embedding = await weights.read('model.embed_tokens.weight');
    (embedding.data as Float32Array)[free[last]! * toyConfig.hiddenSize] = Number.NaN;
    const tensors = new Map([['model.embed_tokens.weight', embedding]]);
    for (const name of weights.names) if (!tensors.has(name)) tensors.set(name, await weights.read(name));
    const options = { config: toyConfig, weights: memoryWeights(tensors) };
    const host = countingRuntime(runtime, { profile: { ...runtime.profile, deviceOutputs: false }, onRun: () => {} });
    for (const [device, inBursts] of [
      [runtime, false],
      [host, true],
    ] as const) {
      const backbone = await createQwenLlm({ ...options, runtime: device });
      const state = backbone.createState(prompt.length + 40);
      const { logits } = await state.forward({ tokenIds: prompt, positions: textPositions(prompt).positions });
      const ids: number[] = [];
      const generation = { state, logits, promptIds: prompt, ropeDelta: 0, stopIds: [], maxNewTokens: 40 };
      const tokens = generateTokens({ ...generation, sampler: createSampler(), ...(inBursts && { sampling: {} }) });
      const run = async () => {
        for await (const { id } of tokens) ids.push(id);
      };
      await expect(run()).rejects.toThrow(/No token can follow/);
      expect(ids).toEqual(free.slice(0, last + 1));
      state.dispose();
      await backbone.dispose();
    }
  });

  it('runs batches', async () => {
    const states = burst.createBatch!([40, 40]);
    const together = await Promise.all(
      states.map((state, i) => runText(burst, prompt.slice(i * 10), { state, maxNewTokens: 8 })),
    );
    for (const [i, { ids }] of together.entries()) {
      expect(ids).toEqual((await runText(plain, prompt.slice(i * 10), { maxNewTokens: 8 })).ids);
    }
  });
});
