import { PromptError, RuntimeError } from '@vlmkit/core';
import { describe, expect, it } from 'vitest';
import { resolveSampling, type SamplingOptions } from './options.js';
import { createSampler } from './sampler.js';

const empty = { prompt: [], generated: [] };

describe('createSampler', () => {
  it('is greedy by default, at temperature 0 and without doSample', () => {
    const logits = Float32Array.of(0, 3, 3, -1);
    const greedy: SamplingOptions[] = [
      {},
      { temperature: 0 },
      { doSample: true, temperature: 0 },
      { doSample: false, temperature: 5 },
      { topP: 0.9 },
    ];
    for (const options of greedy) {
      const sampler = createSampler(options);
      for (let i = 0; i < 20; i++) expect(sampler.next(logits, empty).id).toBe(1);
    }
  });

  it('draws in proportion to the softmax of the scores', () => {
    const logits = Float32Array.of(1, 0, -1, 2, 0.5, -3, 1.5, 0.25);
    const temperature = 0.8;
    const weights = Array.from(logits, (logit) => Math.exp(logit / temperature));
    const total = weights.reduce((a, b) => a + b);
    const sampler = createSampler({ temperature, seed: 1234 });
    const draws = 40_000;
    const counts = new Array<number>(logits.length).fill(0);
    for (let i = 0; i < draws; i++) counts[sampler.next(logits, empty).id]!++;
    const chiSquare = counts.reduce((sum, count, id) => {
      const expected = (draws * weights[id]!) / total;
      return sum + (count - expected) ** 2 / expected;
    }, 0);
    // 24.3: the 0.1 % quantile of chi-square with 7 degrees of freedom.
    expect(chiSquare).toBeLessThan(24.3);
  });

  it('repeats for a seed, its own or a random one', () => {
    const logits = Float32Array.from({ length: 300 }, (_, i) => Math.sin(i));
    const run = (seed?: number) => {
      const sampler = createSampler({ temperature: 1, ...(seed === undefined ? {} : { seed }) });
      return { seed: sampler.seed, ids: Array.from({ length: 40 }, () => sampler.next(logits, empty).id) };
    };
    expect(run(3).ids).toEqual(run(3).ids);
    expect(run(3).ids).not.toEqual(run(4).ids);
    const random = run();
    expect(run(random.seed).ids).toEqual(random.ids);
  });

  it('never chooses banned ids, padding of the vocabulary or what the mask forbids', () => {
    const logits = Float32Array.from({ length: 100 }, (_, i) => i / 50);
    const mask = Uint32Array.of(0xffffffff, 0xffffffff, 0x0000000f);
    const bannedIds = [66, 67];
    for (const options of [{}, { temperature: 3 }, { temperature: 3, topK: 90, topP: 0.99 }]) {
      const sampler = createSampler({ ...options, bannedIds, tokenizerSize: 80, seed: 8 });
      const plain = new Set(Array.from({ length: 600 }, () => sampler.next(logits, empty).id));
      expect(Math.max(...plain)).toBe(79);
      expect(plain.has(66) || plain.has(67)).toBe(false);
      const masked = new Set(Array.from({ length: 600 }, () => sampler.next(logits, empty, mask).id));
      expect(Math.max(...masked)).toBe(65);
    }
    const signed = createSampler({}).next(logits, empty, Int32Array.of(0, -2147483648, 1));
    expect(signed.id).toBe(64);
  });

  it('penalises prompt ids beyond the vocabulary without harm', () => {
    const sampler = createSampler({ repetitionPenalty: 2, frequencyPenalty: 1 });
    expect(sampler.next(Float32Array.of(2, 1.5), { prompt: [0, 99], generated: [50] }).id).toBe(1);
  });

  it('returns log-probabilities of the model, untouched by penalties and temperature', () => {
    const logits = Float32Array.of(Math.log(0.5), Math.log(0.3), Math.log(0.2));
    const sampler = createSampler({
      temperature: 0.3,
      seed: 1,
      logitBias: { 0: -9, 2: -9 },
      logprobs: true,
      topLogprobs: 2,
    });
    const { id, logprob, top } = sampler.next(logits, empty);
    expect(id).toBe(1);
    expect(Math.exp(logprob!)).toBeCloseTo(0.3, 6);
    expect(top!.map((token) => token.id)).toEqual([0, 1]);
    expect(Math.exp(top![0]!.logprob)).toBeCloseTo(0.5, 6);
    expect(createSampler({ logprobs: true }).next(logits, empty)).toEqual({
      id: 0,
      logprob: expect.closeTo(Math.log(0.5), 6),
    });
    expect(createSampler().next(logits, empty)).toEqual({ id: 0 });
  });

  it('leaves the logits as they are, and takes rows of another length', () => {
    const logits = Float32Array.from({ length: 64 }, (_, i) => Math.cos(i));
    const before = logits.slice();
    const sampler = createSampler({ temperature: 0.5, topK: 4, repetitionPenalty: 1.5, logitBias: { 1: 2 } });
    sampler.next(logits, { prompt: [0, 1], generated: [2] }, new Int32Array(2).fill(-1));
    expect(logits).toEqual(before);
    expect(sampler.next(new Float32Array(128).fill(1, 127), empty).id).toBeLessThan(128);
  });

  it('leaves the likeliest token alone where top-p is 0', () => {
    const logits = Float32Array.from({ length: 300 }, (_, i) => Math.sin(i * 5));
    const sampler = createSampler({ temperature: 1.5, topP: 0, seed: 2 });
    for (let i = 0; i < 20; i++) expect(sampler.next(logits, empty).id).toBe(logits.indexOf(Math.max(...logits)));
  });

  it('adds a bias in float32, as the reference does', () => {
    const logit = Math.fround(0.14);
    const biased = Math.fround(logit + Math.fround(-3.3));
    // With a bias in double precision the score would be lower than its equal, and lose.
    expect(Math.fround(logit - 3.3)).toBeLessThan(biased);
    expect(createSampler({ logitBias: { 0: -3.3 } }).next(Float32Array.of(logit, biased), empty).id).toBe(0);
  });

  it('refuses a bias beyond the vocabulary, with its size', () => {
    const sampler = createSampler({ logitBias: { 3: 1, 64: 1 } });
    const message = /logitBias is out of range\. Expected ids below 64, the size of the vocabulary\. Found 64\./;
    expect(() => sampler.next(new Float32Array(64), empty)).toThrow(PromptError);
    expect(() => sampler.next(new Float32Array(64), empty)).toThrow(message);
    expect(() => resolveSampling({ logitBias: { 64: 1 } }, 64)).toThrow(message);
    expect(sampler.next(new Float32Array(65), empty).id).toBe(3);
  });

  it('shows text as text in what it refuses', () => {
    const options = { temperature: '0.5' } as unknown as SamplingOptions;
    expect(() => createSampler(options)).toThrow('Expected a number of 0 or more. Found "0.5".');
  });

  it('says so when nothing can be chosen', () => {
    const nothing = new Float32Array(8).fill(Number.NaN);
    for (const options of [{}, { temperature: 1 }, { temperature: 1, topK: 3, topP: 0.5, minP: 0.1 }]) {
      expect(() => createSampler(options).next(nothing, empty)).toThrow(RuntimeError);
      expect(() => createSampler(options).next(new Float32Array(8), empty, new Int32Array(1))).toThrow(/constraint/);
    }
  });

  it.each<[keyof SamplingOptions, SamplingOptions]>([
    ['temperature', { temperature: -0.1 }],
    ['temperature', { temperature: Number.NaN }],
    ['topK', { topK: 1.5 }],
    ['topK', { topK: -1 }],
    ['topP', { topP: -0.01 }],
    ['topP', { topP: 1.01 }],
    ['minP', { minP: -0.1 }],
    ['minP', { minP: 2 }],
    ['repetitionPenalty', { repetitionPenalty: 0 }],
    ['presencePenalty', { presencePenalty: 2.5 }],
    ['frequencyPenalty', { frequencyPenalty: Number.NaN }],
    ['logitBias', { logitBias: { [-1]: 2 } }],
    ['logitBias', { logitBias: { 4: Number.NaN } }],
    ['bannedIds', { bannedIds: [0.5] }],
    ['tokenizerSize', { tokenizerSize: 0 }],
    ['seed', { seed: -1 }],
    ['topLogprobs', { topLogprobs: -2 }],
    ['topLogprobs', { topLogprobs: 2.5 }],
    ['logitBias', { logitBias: { 4: 1e39 } }],
    ...(['temperature', 'topP', 'minP', 'presencePenalty', 'topLogprobs', 'doSample', 'logprobs'] as const).map(
      (name): [keyof SamplingOptions, SamplingOptions] => [name, { [name]: '0.5' }],
    ),
  ])('rejects %s out of range: %o', (name, options) => {
    expect(() => createSampler(options)).toThrow(PromptError);
    expect(() => createSampler(options)).toThrow(name);
  });
});
