import {
  AbortError,
  type BackboneState,
  type DeviceTensor,
  type LanguageBackbone,
  PromptError,
  type Runtime,
  type Tensor,
  tensor,
} from '@vlmkit/core';
import { createNodeRuntime } from '@vlmkit/runtime-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createQwenLlm } from './index.js';
import { countingRuntime } from './testing/counting-runtime.js';
import { expectClose } from './testing/expect-close.js';
import { runText, textPositions } from './testing/run-text.js';
import { toyConfig, toyWeights } from './testing/toy-decoder.js';

let runtime: Runtime;
let backbone: LanguageBackbone;

beforeAll(async () => {
  runtime = await createNodeRuntime({ device: 'cpu', threads: 1 });
  backbone = await createQwenLlm({ config: toyConfig, weights: toyWeights(3), runtime, prefillChunk: 16 });
});
afterAll(() => runtime.dispose());

const lengths = [3, 30, 1, 17];
const prompts = lengths.map((length, p) => Array.from({ length }, (_, i) => (i * 31 + p * 47) % 160));

function batch(capacities: readonly number[]): readonly BackboneState[] {
  return backbone.createBatch!(capacities);
}

describe('a batch', () => {
  it('gives every sequence the logits that it has alone', async () => {
    const states = batch(lengths.map((length) => length + 5));
    const together = await Promise.all(
      states.map((state, i) => state.forward(inputOf(prompts[i]!), { logitRows: 20, hiddenStates: true })),
    );
    for (const [i, prompt] of prompts.entries()) {
      const alone = backbone.createState(64);
      const expected = await alone.forward(inputOf(prompt), { logitRows: 20, hiddenStates: true });
      expect(together[i]!.logits.dims).toEqual(expected.logits.dims);
      expectClose(together[i]!.logits.data, expected.logits.data);
      expectClose(together[i]!.hiddenStates!.data, expected.hiddenStates!.data);
      expect(states[i]!.length).toBe(prompt.length);
      alone.dispose();
    }
    for (const state of states) state.dispose();
  });

  it('generates the same text as sequences apart, of other lengths, ends and sampling', async () => {
    const options = [
      { maxNewTokens: 12 },
      { maxNewTokens: 40, sampling: { temperature: 0.8, topK: 20, seed: 5 } },
      { maxNewTokens: 1 },
      { maxNewTokens: 30, sampling: { repetitionPenalty: 1.2 } },
    ] as const;
    const states = batch(options.map(({ maxNewTokens }, i) => prompts[i]!.length + maxNewTokens));
    const together = await Promise.all(
      states.map((state, i) => runText(backbone, prompts[i]!, { ...options[i]!, state })),
    );
    for (const [i, prompt] of prompts.entries()) {
      expect(together[i]!.ids).toEqual((await runText(backbone, prompt, options[i]!)).ids);
    }
  });

  it('runs once for all members', async () => {
    let runs = 0;
    const counted = await createQwenLlm({
      config: toyConfig,
      weights: toyWeights(3),
      runtime: countingRuntime(runtime, { onRun: () => runs++ }),
    });
    const states = counted.createBatch!([20, 20, 20]);
    await Promise.all(states.map((state) => runText(counted, [1, 2, 3], { state, maxNewTokens: 5 })));
    expect(runs).toBe(5);
    await counted.dispose();
  });

  it('places the pictures of each sequence', async () => {
    const visual = (seed: number) => ({
      features: tensor(
        'float32',
        [2, 64],
        Float32Array.from({ length: 128 }, (_, i) => Math.sin(i * seed)),
      ),
      slots: [2, 1],
      rows: [0, 1],
    });
    const inputs = [
      { ...inputOf([4, 0, 0, 9]), visual: visual(1) },
      inputOf([8, 8]),
      { ...inputOf([5, 0, 0]), visual: visual(2) },
    ];
    const states = batch([8, 8, 8]);
    const together = await Promise.all(states.map((state, i) => state.forward(inputs[i]!)));
    for (const [i, input] of inputs.entries()) {
      const alone = backbone.createState(8);
      expectClose(together[i]!.logits.data, (await alone.forward(input)).logits.data);
      alone.dispose();
    }
    for (const state of states) state.dispose();
  });

  it('takes features from the device, and fails only the sequence whose own cannot be used', async () => {
    const host = tensor('float32', [2, 64], new Float32Array(128).map(Math.sin));
    const onDevice = (features: Tensor): DeviceTensor => ({
      location: 'device',
      dtype: features.dtype,
      dims: features.dims,
      download: async () => features,
      dispose: () => undefined,
    });
    const states = batch([8, 8, 8]);
    const [first, second, third] = states as [BackboneState, BackboneState, BackboneState];
    const placed = { ...inputOf([4, 0, 9]), visual: { features: onDevice(host), slots: [1], rows: [1] } };
    const running = [first.forward(placed), second.forward(inputOf([8, 8])), third.forward(inputOf([7]))];
    await expect(first.forward(inputOf([1]))).rejects.toThrow(/fed while it was running/);
    const together = await Promise.all(running);
    expect(() => first.truncate(0)).not.toThrow();
    const alone = backbone.createState(8);
    const expected = await alone.forward({ ...placed, visual: { ...placed.visual, features: host } });
    expectClose(together[0]!.logits.data, expected.logits.data);

    const unusable = [
      { ...placed.visual, features: tensor('float32', [2, 63], new Float32Array(126)) },
      { ...placed.visual, slots: [3] },
      { ...placed.visual, rows: [2] },
      { ...placed.visual, rows: [0, 1] },
      { ...placed.visual, features: onDevice(tensor('int64', [2, 64], new BigInt64Array(128))) },
    ];
    for (const visual of unusable) {
      await expect(first.forward({ ...placed, visual })).rejects.toBeInstanceOf(PromptError);
    }
    const gone = { ...onDevice(host), download: () => Promise.reject(new Error('gone')) };
    const others = [second.forward(inputOf([1], 2)), third.forward(inputOf([1], 1))];
    const failing = first.forward({ ...placed, visual: { ...placed.visual, features: gone } });
    await expect(failing).rejects.toThrow('gone');
    const [again] = await Promise.all([first.forward(placed), ...others]);
    expectClose(again.logits.data, expected.logits.data);
    const waiting = second.forward(inputOf([2], 3));
    expect(() => second.truncate(0)).toThrow(/truncated while it was running/);
    for (const state of [first, third, alone]) state.dispose();
    await waiting;
    second.dispose();
  });

  it('goes on without a sequence that is aborted, and hides what it left', async () => {
    const states = batch([40, 40]);
    let looks = 0;
    const signal = {
      get aborted() {
        return ++looks > 2;
      },
    };
    const [first, second] = await Promise.allSettled([
      states[0]!.forward(inputOf(prompts[1]!), { signal }),
      states[1]!.forward(inputOf(prompts[3]!)),
    ]);
    expect(first).toMatchObject({ status: 'rejected', reason: expect.any(AbortError) });
    expect(states[0]!.length).toBe(0);
    const alone = backbone.createState(40);
    const expected = await alone.forward(inputOf(prompts[3]!));
    expect(second.status).toBe('fulfilled');
    if (second.status === 'fulfilled') expectClose(second.value.logits.data, expected.logits.data);
    states[0]!.dispose();
    const positions = tensor('int64', [3, 1], new BigInt64Array(3).fill(17n));
    const next = await states[1]!.forward({ tokenIds: [5], positions });
    expectClose(next.logits.data, (await alone.forward({ tokenIds: [5], positions })).logits.data);
    alone.dispose();
    states[1]!.dispose();
  });

  it('goes on without a sequence that is disposed of while it waits, and waits for the others', async () => {
    const [first, second, third] = batch([20, 20, 20]) as [BackboneState, BackboneState, BackboneState];
    const given = first.forward(inputOf([7, 8]));
    first.dispose();
    await expect(given).rejects.toThrow(/disposed of while it waited/);
    let ended = false;
    const waiting = second.forward(inputOf([1, 2, 3])).finally(() => {
      ended = true;
    });
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(ended).toBe(false); // the third has not asked yet
    const together = await Promise.all([waiting, third.forward(inputOf([4, 5]))]);
    for (const [i, ids] of [
      [1, 2, 3],
      [4, 5],
    ].entries()) {
      const alone = backbone.createState(20);
      expectClose(together[i]!.logits.data, (await alone.forward(inputOf(ids))).logits.data);
      alone.dispose();
    }
    await expect(Promise.all([second, second].map((state) => state.forward(inputOf([6]))))).rejects.toThrow(
      /fed while it was running/,
    );
    second.dispose();
    third.dispose();
  });

  it('forgets the end of one sequence', async () => {
    const states = batch([20, 20]);
    await Promise.all(states.map((state, i) => state.forward(inputOf([1, 2, 3, 4 + i]))));
    states[0]!.truncate(2);
    expect(states.map(({ length }) => length)).toEqual([2, 4]);
    const positions = tensor('int64', [3, 1], new BigInt64Array(3).fill(2n));
    const [changed] = await Promise.all([
      states[0]!.forward({ tokenIds: [9], positions }),
      states[1]!.forward({ tokenIds: [9], positions }),
    ]);
    const alone = backbone.createState(20);
    expectClose(changed!.logits.data, (await alone.forward(inputOf([1, 2, 9]))).logits.data);
    alone.dispose();
    for (const state of states) state.dispose();
  });

  it('fails only the sequence whose truncated tokens have used up its room', async () => {
    const states = batch([12, 12]);
    const [first, second] = states as [BackboneState, BackboneState];
    await Promise.all([first.forward(inputOf([1, 2, 3, 4, 5, 6])), second.forward(inputOf([6, 5, 4, 3, 2, 1]))]);
    // The rows of the second lie behind.
    first.truncate(2);
    await Promise.all([first.forward(inputOf([9, 9, 9, 9], 2)), second.forward(inputOf([7], 6))]);
    first.truncate(2);
    const [refused, answered] = await Promise.allSettled([
      first.forward(inputOf([8, 8, 8], 2)),
      second.forward(inputOf([8], 7)),
    ]);
    expect(refused).toMatchObject({ status: 'rejected', reason: expect.any(PromptError) });
    expect(refused).toMatchObject({
      reason: { message: expect.stringMatching(/at most 2 more tokens, as 8 truncated/) },
    });
    expect(states.map(({ length }) => length)).toEqual([2, 8]);
    const alone = backbone.createState(12);
    const expected = await alone.forward(inputOf([6, 5, 4, 3, 2, 1, 7, 8]));
    expect(answered.status).toBe('fulfilled');
    if (answered.status === 'fulfilled') expectClose(answered.value.logits.data, expected.logits.data);
    // What still fits goes on, and so does the other, up to its capacity.
    await Promise.all([first.forward(inputOf([8, 8], 2)), second.forward(inputOf([1, 2, 3, 4], 8))]);
    for (const state of [...states, alone]) state.dispose();
  });

  it('lets a sequence fill what one that has left did not', async () => {
    const [first, second, third] = batch([8, 8, 4]) as [BackboneState, BackboneState, BackboneState];
    second.dispose();
    await Promise.all([first.forward(inputOf([1, 2, 3, 4, 5, 6])), third.forward(inputOf([1]))]);
    first.truncate(1);
    await Promise.all([first.forward(inputOf([2, 3, 4, 5, 6], 1)), third.forward(inputOf([2, 3, 4], 1))]);
    third.dispose();
    const alone = backbone.createState(8);
    const expected = await alone.forward(inputOf([1, 2, 3, 4, 5, 6, 7]));
    expectClose((await first.forward(inputOf([7], 6))).logits.data, expected.logits.data);
    first.dispose();
    alone.dispose();
  });

  it('refuses what does not fit one sequence', async () => {
    const states = batch([4, 30]);
    await expect(states[0]!.forward(inputOf([1, 2, 3, 4, 5]))).rejects.toThrow(/at most 4 tokens/);
    for (const state of states) state.dispose();
    expect(() => batch([4, 1000])).toThrow(/at most 512 tokens/);
  });
});

function inputOf(tokenIds: readonly number[], from = 0) {
  const { positions } = textPositions(tokenIds);
  return { tokenIds, positions: { ...positions, data: positions.data.map((position) => position + BigInt(from)) } };
}
