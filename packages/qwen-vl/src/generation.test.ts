import { createNodeConstraintCompiler } from '@vlmkit/constrain/node';
import { sampleMessages } from '@vlmkit/demo-model';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Demo, openDemo, sampleAsking } from './testing/demo.js';

let demo: Demo;
beforeAll(async () => {
  demo = await openDemo();
});
afterAll(() => demo.close());

describe('prompt lookup', () => {
  it('gives the answers of the reference', async () => {
    for (const question of ['Locate every shape', 'Which image has a star?', 'When does the star appear?']) {
      const sample = sampleAsking(demo.samples, question);
      const answer = await demo.model.ask(sampleMessages(sample), { promptLookup: { ngram: 2 } });
      expect(answer.tokenIds).toEqual(sample.turns.at(-1)!.output_ids);
    }
  });

  it('confirms guesses where a list repeats its keys', async () => {
    const sample = sampleAsking(demo.samples, 'Locate every shape');
    const answer = await demo.model.ask(sampleMessages(sample), { promptLookup: { ngram: 2 } });
    expect(answer.draftedTokens).toBeGreaterThan(5);
    expect((await demo.model.ask(sampleMessages(sample))).draftedTokens).toBe(0);
  });
});

describe('a constraint', () => {
  it('makes every answer boxes that parse, whatever was asked and however it is sampled', async () => {
    const { tokenizer, stopIds } = demo.model.info;
    const compiler = await createNodeConstraintCompiler({ vocabulary: tokenizer, stopIds });
    const questions = ['Locate the red circle', 'Describe this image.', 'Read the text.', 'Hello!'];
    try {
      for (const [seed, question] of questions.entries()) {
        for (const sampling of [{}, { temperature: 1.5, seed }]) {
          const constraint = await compiler.compile({ type: 'boxes', minItems: 1, maxItems: 2, labels: ['a', 'b'] });
          const messages = sampleMessages(sampleAsking(demo.samples, question));
          const answer = await demo.model.ask(messages, { ...sampling, constraint, maxNewTokens: 200 });
          expect(answer.finishReason).toBe('stop');
          const list = JSON.parse(answer.text.replace(/^```json\n|\n```$/g, '')) as Record<string, unknown>[];
          expect(list.length).toBeGreaterThan(0);
          for (const item of list) {
            expect(item.bbox_2d).toHaveLength(4);
            expect(['a', 'b']).toContain(item.label);
          }
          constraint.dispose();
        }
      }
    } finally {
      await compiler.dispose();
    }
  });
});

describe('log-probabilities', () => {
  it('come with every token, the chosen one first when greedy', async () => {
    const sample = sampleAsking(demo.samples, 'What can you do?');
    const { logprobs, tokenIds } = await demo.model.ask(sampleMessages(sample), { topLogprobs: 3 });
    expect(logprobs?.map(({ id }) => id)).toEqual(tokenIds);
    for (const { id, logprob, top } of logprobs ?? []) {
      expect(top).toHaveLength(3);
      expect(top[0]).toEqual({ id, logprob });
      expect(top[0]!.logprob).toBeGreaterThanOrEqual(top[1]!.logprob);
      expect(top.reduce((sum, entry) => sum + Math.exp(entry.logprob), 0)).toBeLessThanOrEqual(1 + 1e-9);
    }
  });

  it('are left out when nobody asks', async () => {
    const answer = await demo.model.ask([{ role: 'user', content: 'Hello!' }], { maxNewTokens: 3 });
    expect(answer.logprobs).toBeUndefined();
    expect(answer).toMatchObject({ finishReason: 'length', promptTokens: expect.any(Number) });
    expect(answer.tokenIds).toHaveLength(3);
  });
});

describe('an abort', () => {
  it('ends the answer after the current token, with the text so far', async () => {
    const controller = new AbortController();
    const [sample] = demo.samples;
    const texts: string[] = [];
    for await (const event of demo.model.stream(sampleMessages(sample!), { signal: controller.signal })) {
      if (event.type === 'text') {
        texts.push(event.text);
        if (texts.length === 2) controller.abort();
      }
      if (event.type !== 'done') continue;
      expect(event.answer.finishReason).toBe('abort');
      expect(event.answer.text).toBe(texts.join(''));
      expect(sample!.turns[0]!.answer.startsWith(event.answer.text)).toBe(true);
    }
    expect(texts.length).toBeLessThan(5);
  });

  it('before the prompt is through gives an empty answer, and the chat goes on', async () => {
    const messages = [{ role: 'user', content: 'Hello!' }] as const;
    const chat = demo.model.createChat();
    const aborted = await chat.ask(messages, { signal: AbortSignal.abort() });
    expect(aborted).toMatchObject({ finishReason: 'abort', text: '', tokenIds: [] });
    const sample = sampleAsking(demo.samples, 'Hello!');
    expect((await chat.ask(messages)).tokenIds).toEqual(sample.turns[0]!.output_ids);
    chat.dispose();
  });
});
