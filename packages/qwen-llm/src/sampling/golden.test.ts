import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { allowedRanges } from './allowed-ids.js';
import { createCandidateSelector } from './candidates.js';
import { topLogprobs } from './log-probabilities.js';
import { resolveSampling, type SamplingOptions } from './options.js';
import { createSampler } from './sampler.js';
import { createScoreAdjuster } from './score-adjuster.js';

interface GoldenCase {
  readonly options: SamplingOptions;
  readonly prompt: readonly number[];
  readonly generated: readonly number[];
  readonly logits: readonly number[];
  /** What the processors of Hugging Face's `generate` make of the logits; null stands for -Infinity. */
  readonly scores: readonly (number | null)[];
  readonly argmax: number;
  readonly topLogprobs: readonly number[];
}

const path = new URL('../../../../fixtures/sampling/processors.json', import.meta.url);
const cases: readonly GoldenCase[] = JSON.parse(readFileSync(path, 'utf8'));
const sampled = cases.filter(({ options }) => options.doSample);
const greedy = cases.filter(({ options }) => !options.doSample);

/** Our scores of the whole vocabulary, null where nothing is kept. */
function process({ options, prompt, generated, logits }: GoldenCase): (number | null)[] {
  const resolved = resolveSampling(options);
  const size = logits.length;
  const scores = createScoreAdjuster(size, resolved).adjust(Float32Array.from(logits), { prompt, generated });
  const kept = createCandidateSelector(size, resolved).select(scores, allowedRanges(size, resolved));
  const result = Array.from<number | null>({ length: size }).fill(null);
  for (let i = 0; i < kept.count; i++) result[kept.ids[i]!] = kept.scores[i]!;
  return result;
}

describe('against the processors of transformers', () => {
  it('covers sampling and greedy cases', () => {
    expect(sampled.length).toBeGreaterThan(36);
    expect(greedy.length).toBeGreaterThan(4);
  });

  it.each(sampled.map((golden) => [JSON.stringify(golden.options), golden] as const))(
    'keeps and scores %s',
    (_, golden) => {
      expect(process(golden)).toEqual(golden.scores);
    },
  );

  it.each(greedy.map((golden) => [JSON.stringify(golden.options), golden] as const))(
    'takes the maximum of %s',
    (_, golden) => {
      const token = createSampler(golden.options).next(Float32Array.from(golden.logits), golden);
      expect(token.id).toBe(golden.argmax);
    },
  );

  it('draws only what the processors keep', () => {
    for (const golden of sampled) {
      const sampler = createSampler({ ...golden.options, seed: 11 });
      for (let draw = 0; draw < 50; draw++) {
        const { id } = sampler.next(Float32Array.from(golden.logits), golden);
        expect(golden.scores[id], JSON.stringify(golden.options)).not.toBeNull();
      }
    }
  });

  it('gives the log-probabilities of torch.log_softmax', () => {
    for (const { logits, topLogprobs: expected } of cases) {
      const top = topLogprobs(Float32Array.from(logits), expected.length);
      for (const [i, { logprob }] of top.entries()) expect(logprob).toBeCloseTo(expected[i]!, 12);
    }
  });
});
