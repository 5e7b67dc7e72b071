import { AbortError, type BackboneState, type LanguageBackbone, type Runtime } from '@vlmkit/core';
import { createNodeRuntime } from '@vlmkit/runtime-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createQwenLlm, createSampler, generateTokens, type TokenConstraint } from './index.js';
import { expectClose } from './testing/expect-close.js';
import { runText, textPositions } from './testing/run-text.js';
import { toyConfig, toyWeights } from './testing/toy-decoder.js';

let runtime: Runtime;
let backbone: LanguageBackbone;
const prompt = [5, 17, 42, 99, 7, 5, 17, 42, 99, 8, 5, 17];

beforeAll(async () => {
  runtime = await createNodeRuntime({ device: 'cpu', threads: 1 });
  backbone = await createQwenLlm({ config: toyConfig, weights: toyWeights(), runtime, prefillChunk: 8 });
});
afterAll(() => runtime.dispose());

describe('generateTokens', () => {
  it('ends at a stop id, which it yields and does not feed', async () => {
    const free = await runText(backbone, prompt);
    const stop = free.ids[5]!;
    const first = free.ids.indexOf(stop);
    const stopped = await runText(backbone, prompt, { stopIds: [stop] });
    expect(stopped.ids).toEqual(free.ids.slice(0, first + 1));
    expect(stopped.cached).toBe(prompt.length + first);
  });

  it('generates nothing when nothing is asked for, and refuses what is no count', async () => {
    expect(await runText(backbone, prompt, { maxNewTokens: 0 })).toEqual({
      ids: [],
      tokens: [],
      cached: prompt.length,
    });
    for (const maxNewTokens of [Number.NaN, -1, 1.5]) {
      const state = backbone.createState(64);
      await expect(runText(backbone, prompt, { state, maxNewTokens })).rejects.toThrow(
        /maxNewTokens.*count of 0 or more/,
      );
      state.dispose();
    }
  });

  it('ends between tokens when the signal is aborted', async () => {
    const controller = { aborted: false };
    const tokens: number[] = [];
    const state = backbone.createState(64);
    const { logits } = await state.forward({ tokenIds: prompt, positions: textPositions(prompt).positions });
    const run = async () => {
      for await (const { id } of generateTokens({
        state,
        logits,
        promptIds: prompt,
        ropeDelta: 0,
        sampler: createSampler(),
        stopIds: [],
        maxNewTokens: 40,
        signal: controller,
      })) {
        tokens.push(id);
        controller.aborted = tokens.length === 3;
      }
    };
    await expect(run()).rejects.toBeInstanceOf(AbortError);
    expect(tokens).toHaveLength(3);
    expect(state.length).toBe(prompt.length + 2);
    state.dispose();
  });

  it('leaves the cache as it was when a prefill is aborted between chunks', async () => {
    const state = backbone.createState(64);
    let looks = 0;
    const signal = {
      get aborted() {
        return ++looks > 2;
      },
    };
    const forward = state.forward({ tokenIds: prompt, positions: textPositions(prompt).positions }, { signal });
    await expect(forward).rejects.toBeInstanceOf(AbortError);
    expect(state.length).toBe(0);
    state.dispose();
  });
});

describe('prompt lookup', () => {
  for (const [name, sampling] of Object.entries({
    greedy: {},
    'with a repetition penalty': { repetitionPenalty: 1.05 },
    sampled: { temperature: 0.9, topK: 30, topP: 0.95, seed: 11 },
  })) {
    it(`gives the same text, ${name}`, async () => {
      for (const ids of prompts(6)) {
        const plain = await runText(backbone, ids, { sampling });
        const guessed = await runText(backbone, ids, { sampling, promptLookup: { ngram: 1, maxTokens: 5 } });
        expect(guessed.ids).toEqual(plain.ids);
        expect(guessed.cached).toBe(plain.cached);
      }
    });
  }

  it('runs the model less often than once a token where text repeats', async () => {
    // A bias towards a few tokens makes the answer go round in circles.
    const sampling = { logitBias: Object.fromEntries([5, 17, 42, 99].map((id) => [id, 100])) };
    const plain = await runText(backbone, prompt, { sampling });
    let runs = 0;
    const state = counting(backbone.createState(64), () => runs++);
    const guessed = await runText(backbone, prompt, { sampling, state, promptLookup: { ngram: 2 } });
    expect(guessed.ids).toEqual(plain.ids);
    const drafted = guessed.tokens.filter((token) => token.drafted).length;
    expect(drafted).toBeGreaterThan(10);
    // The prefill, and one run for every token that was not guessed, but for the first.
    expect(runs).toBe(guessed.ids.length - drafted);
  });

  it('forgets guesses when the caller stops early', async () => {
    const state = backbone.createState(64);
    const { logits } = await state.forward({ tokenIds: prompt, positions: textPositions(prompt).positions });
    const ids: number[] = [];
    const options = { state, logits, promptIds: prompt, ropeDelta: 0, stopIds: [], maxNewTokens: 40 };
    for await (const { id } of generateTokens({ ...options, sampler: createSampler(), promptLookup: { ngram: 1 } })) {
      ids.push(id);
      if (ids.length === 7) break;
    }
    expect(state.length).toBeLessThanOrEqual(prompt.length + 7);
    expect(state.length).toBeGreaterThanOrEqual(prompt.length);
    // What is left is the text: the next token follows from it as from a fresh prefill.
    const known = [...prompt, ...ids].slice(0, state.length);
    const next = [...prompt, ...ids, 3].slice(state.length);
    const positions = textPositions([...known, ...next]).positions;
    const tail = { dtype: 'int64', dims: [3, next.length], data: lastColumns(positions.data, next.length) } as const;
    const warm = await state.forward({ tokenIds: next, positions: tail });
    const fresh = backbone.createState(64);
    const cold = await fresh.forward({ tokenIds: [...known, ...next], positions });
    expectClose(warm.logits.data, cold.logits.data);
    state.dispose();
    fresh.dispose();
  });
});

describe('a constraint', () => {
  it('decides which tokens may come, with and without guesses', async () => {
    for (const promptLookup of [false, { ngram: 1 }]) {
      const constraint = alternating();
      const { ids } = await runText(backbone, prompt, { constraint, stopIds: [0], promptLookup });
      expect(ids).toHaveLength(9);
      expect(ids.slice(0, 8).map((id) => id % 2)).toEqual([1, 0, 1, 0, 1, 0, 1, 0]);
      expect(ids.at(-1)).toBe(0);
      expect(constraint.finished).toBe(true);
    }
  });
});

/** Odd and even ids in turn, eight of them, then the stop id 0. */
function alternating(): TokenConstraint {
  const accepted: number[] = [];
  const allows = (id: number) => (accepted.length === 8 ? id === 0 : id > 0 && id % 2 === 1 - (accepted.length % 2));
  return {
    get finished() {
      return accepted.length === 9;
    },
    mask: async () => {
      const words = new Int32Array(toyConfig.vocabSize / 32);
      for (let id = 0; id < toyConfig.vocabSize; id++) if (allows(id)) words[id >> 5]! |= 1 << (id & 31);
      return words;
    },
    accept: async (id) => allows(id) && accepted.push(id) > 0,
  };
}

/** Prompts with repetitions, for lookups to find something. */
function prompts(count: number): number[][] {
  return Array.from({ length: count }, (_, p) => Array.from({ length: 24 }, (_, i) => ((i % 7) * 13 + p * 5) % 160));
}

function counting(state: BackboneState, note: () => void): BackboneState {
  return {
    capacity: state.capacity,
    byteLength: state.byteLength,
    get length() {
      return state.length;
    },
    forward: (input, options) => {
      note();
      return state.forward(input, options);
    },
    truncate: (length) => state.truncate(length),
    dispose: () => state.dispose(),
  };
}

function lastColumns(data: BigInt64Array, count: number): BigInt64Array {
  const length = data.length / 3;
  return BigInt64Array.from(
    [0, 1, 2].flatMap((axis) => [...data.slice((axis + 1) * length - count, (axis + 1) * length)]),
  );
}
