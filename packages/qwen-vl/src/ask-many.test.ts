import { sampleMessages } from '@vlmkit/demo-model';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Demo, openDemo, sampleAsking } from './testing/demo.js';

let demo: Demo;
beforeAll(async () => {
  demo = await openDemo();
});
afterAll(() => demo.close());

describe('askMany', () => {
  it('answers every sample as the reference does, several at a time', async () => {
    const answers = await demo.model.askMany(
      demo.samples.map((sample) => ({ messages: sampleMessages(sample) })),
      { batchSize: 5 },
    );
    expect(answers.map(({ tokenIds }) => tokenIds)).toEqual(demo.samples.map(({ turns }) => turns.at(-1)!.output_ids));
  });

  it('keeps to the options and ends of each question', async () => {
    const ask = (question: string) => sampleMessages(sampleAsking(demo.samples, question));
    const requests = [
      { messages: ask('Locate every shape') },
      { messages: ask('Hello!'), options: { maxNewTokens: 3 } },
      { messages: ask('What can you do?'), options: { temperature: 1.2, seed: 4, maxNewTokens: 30 } },
      { messages: ask('Describe this image.'), options: { stop: ['square'], topLogprobs: 2 } },
      { messages: ask('Hello!'), options: { signal: AbortSignal.abort() } },
    ];
    const together = await demo.model.askMany(requests);
    expect(together.map(({ finishReason }) => finishReason)).toEqual([
      'stop',
      'length',
      expect.any(String),
      'stop',
      'abort',
    ]);
    for (const [i, { messages, options }] of requests.entries()) {
      const alone = await demo.model.ask(messages, options);
      const { text, tokenIds, finishReason, grounding } = together[i]!;
      expect({ text, tokenIds, finishReason, grounding }).toEqual({
        text: alone.text,
        tokenIds: alone.tokenIds,
        finishReason: alone.finishReason,
        grounding: alone.grounding,
      });
      for (const [token, { logprob }] of (alone.logprobs ?? []).entries()) {
        expect(together[i]!.logprobs![token]!.logprob).toBeCloseTo(logprob, 4);
      }
    }
  });

  it('refuses a question that cannot be asked', async () => {
    const good = { messages: [{ role: 'user', content: 'Hello!' }] } as const;
    const bad = { messages: [{ role: 'user', content: ' ' }] } as const;
    await expect(demo.model.askMany([good, bad])).rejects.toThrow('The prompt is empty.');
    await expect(demo.model.askMany([good], { batchSize: 0 })).rejects.toThrow(/batchSize is out of range/);
  });
});
