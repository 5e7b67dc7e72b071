import { type BackboneState, type LanguageBackbone, type Runtime, tensor, type WeightSource } from '@vlmkit/core';
import { int8Weights } from '@vlmkit/onnx-graph';
import { createNodeRuntime } from '@vlmkit/runtime-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createQwenLlm } from './index.js';
import { countingRuntime } from './testing/counting-runtime.js';
import { expectClose } from './testing/expect-close.js';
import { textPositions } from './testing/run-text.js';
import { toyConfig, toyWeights } from './testing/toy-decoder.js';

let runtime: Runtime;
let float: LanguageBackbone;
let integers: LanguageBackbone;
let inBursts: LanguageBackbone;

const prompt = Array.from({ length: 75 }, (_, i) => (i * 37) % toyConfig.vocabSize);

/** The toy with 8-bit integers beside every linear layer of the decoder. */
function withIntegers(): WeightSource {
  const weights = toyWeights();
  const layers = weights.names.filter((name) => /^model\.layers\..*_proj\.weight$/.test(name));
  return int8Weights(
    weights,
    layers.map((name) => ({ name })),
  );
}

beforeAll(async () => {
  runtime = await createNodeRuntime({ device: 'cpu', threads: 1 });
  const host = countingRuntime(runtime, { profile: { ...runtime.profile, deviceOutputs: false }, onRun: () => {} });
  const options = { config: toyConfig, prefillChunk: 40 };
  float = await createQwenLlm({ ...options, weights: toyWeights(), runtime });
  integers = await createQwenLlm({ ...options, weights: withIntegers(), runtime });
  inBursts = await createQwenLlm({ ...options, weights: withIntegers(), runtime: host });
});
afterAll(() => runtime.dispose());

/** Logits of the last rows of a prompt, and of one more token after it. */
async function logitsOf(backbone: LanguageBackbone, ids: readonly number[], logitRows: number) {
  const state = backbone.createState(ids.length + 1);
  const { positions } = textPositions(ids);
  const { logits } = await state.forward({ tokenIds: ids, positions }, { logitRows });
  const place = BigInt(ids.length);
  const next = await state.forward({
    tokenIds: [3],
    positions: tensor('int64', [3, 1], BigInt64Array.of(place, place, place)),
  });
  state.dispose();
  return { prefill: logits.data, next: next.logits.data };
}

const cosine = (a: Float32Array, b: Float32Array) =>
  a.reduce((sum, value, i) => sum + value * b[i]!, 0) / (Math.hypot(...a) * Math.hypot(...b));

describe('prefill on 8-bit integers', () => {
  it('is close to float32, and so is what follows it', async () => {
    // The rounding of weights and activations adds up in squares: 1 + 1 for 8 bits each, 1 + 4 for activations of 7.
    const error = runtime.profile.int8ActivationBits === 8 ? 0.002 : 0.002 * (5 / 2);
    const [exact, actual] = [await logitsOf(float, prompt, 10), await logitsOf(integers, prompt, 10)];
    for (const stage of ['prefill', 'next'] as const) {
      expect(cosine(actual[stage], exact[stage])).toBeGreaterThan(1 - error);
      // Not float32 after all.
      expect(cosine(actual[stage], exact[stage])).toBeLessThan(1 - 1e-7);
    }
  });

  it('leaves short prompts and single steps as they are', async () => {
    const ids = prompt.slice(0, 20);
    const [exact, actual] = [await logitsOf(float, ids, 20), await logitsOf(integers, ids, 20)];
    expectClose(actual.prefill, exact.prefill);
    expectClose(actual.next, exact.next);
  });

  it('gives every sequence of a batch what it has alone, short ones and the rests of long ones too', async () => {
    // 75 tokens leave 35 beside the first run's 40, and 43 leave 3; four short prompts together are as long as a long one.
    const lengths = [9, 75, 10, 11, 43, 12];
    const all = lengths.map((length, p) => prompt.slice(0, length).map((id) => (id + p) % toyConfig.vocabSize));
    const states = integers.createBatch!(lengths.map((length) => length + 1));
    const rows = (state: BackboneState, ids: readonly number[]) =>
      state.forward({ tokenIds: ids, ...textPositions(ids) }, { logitRows: 5 });
    const together = await Promise.all(states.map((state, i) => rows(state, all[i]!)));
    for (const [i, ids] of all.entries()) {
      const { prefill } = await logitsOf(integers, ids, 5);
      expectClose(together[i]!.logits.data, prefill);
    }
    for (const state of states) state.dispose();
  });

  it('is the same inside of a loop', async () => {
    const [plain, looped] = [await logitsOf(integers, prompt, 10), await logitsOf(inBursts, prompt, 10)];
    expectClose(looped.prefill, plain.prefill);
    expectClose(looped.next, plain.next);
  });
});
