import { join } from 'node:path';
import { openCheckpoint } from '@vlmkit/checkpoint';
import { openFolder } from '@vlmkit/checkpoint/node';
import { MediaError, PromptError } from '@vlmkit/core';
import { checkpointPath, sampleMessages, samplesPath } from '@vlmkit/demo-model';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { AskManyOptions, AskRequest, ChatOptions } from './chat-options.js';
import { loadQwenVL } from './load.js';
import type { QwenVL } from './qwen-vl.js';
import { type Demo, openDemo, sampleAsking } from './testing/demo.js';
import { loadModel } from './testing/load-model.js';

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
      const logprobs = options?.topLogprobs ? tokenIds.length : undefined;
      expect(alone.logprobs?.length).toBe(logprobs);
      expect(together[i]!.logprobs?.length).toBe(logprobs);
      for (const [token, { logprob }] of alone.logprobs?.entries() ?? []) {
        expect(together[i]!.logprobs![token]!.logprob).toBeCloseTo(logprob, 4);
      }
    }
  });

  it('encodes a picture that several questions share once', async () => {
    const image = { type: 'image', image: join(samplesPath(), 'shapes1.png') } as const;
    const about = (text: string): AskRequest => ({
      messages: [{ role: 'user', content: [image, { type: 'text', text }] }],
    });
    const requests = ['Describe this image.', 'How many shapes are there?', 'Locate every shape.'].map(about);
    const { model, close } = await loadModel({ folder: checkpointPath(), runtime: demo.runtime });
    const together = await model.askMany(requests);
    expect(model.encodedSegments).toBe(1);
    for (const [i, { messages }] of requests.entries()) {
      expect(together[i]!.tokenIds).toEqual((await demo.model.ask(messages)).tokenIds);
    }
    await close();
  });

  it('answers the others when a question is aborted before its picture is read, or all of a batch are', async () => {
    const sample = sampleAsking(demo.samples, 'Locate every shape');
    const asked = { messages: sampleMessages(sample) };
    const aborted = { ...asked, options: { signal: AbortSignal.abort() } };
    const answers = await demo.model.askMany([aborted, aborted, asked, aborted], { batchSize: 2 });
    expect(answers.map(({ finishReason }) => finishReason)).toEqual(['abort', 'abort', 'stop', 'abort']);
    expect(answers[2]!.tokenIds).toEqual(sample.turns.at(-1)!.output_ids);
  });

  it('refuses a question that cannot be asked', async () => {
    const good = { messages: [{ role: 'user', content: 'Hello!' }] } as const;
    const bad = { messages: [{ role: 'user', content: ' ' }] } as const;
    await expect(demo.model.askMany([good, bad])).rejects.toThrow('The prompt is empty.');
    await expect(demo.model.askMany([good], { batchSize: 0 })).rejects.toThrow(/batchSize is out of range/);
    const misspelt = { batch_size: 2 } as AskManyOptions;
    await expect(demo.model.askMany([good], misspelt)).rejects.toThrow(
      /askMany has an unknown option.*Write batchSize/,
    );
  });

  it('settled, answers the others when some cannot be asked, and tells which those are', async () => {
    const sample = sampleAsking(demo.samples, 'Locate every shape');
    const good = { messages: sampleMessages(sample) };
    const empty: AskRequest = { messages: [{ role: 'user', content: ' ' }] };
    const aborted = { ...good, options: { signal: AbortSignal.abort() } };
    const results = await demo.model.askManySettled([empty, good, aborted, empty, empty, good], { batchSize: 2 });
    const answer = { status: 'fulfilled', value: { tokenIds: sample.turns.at(-1)!.output_ids } };
    expect(results).toMatchObject([
      { status: 'rejected', reason: expect.any(PromptError) },
      answer,
      { status: 'fulfilled', value: { finishReason: 'abort' } },
      { status: 'rejected', reason: expect.any(PromptError) },
      { status: 'rejected', reason: expect.any(PromptError) },
      answer,
    ]);
    await expect(demo.model.askManySettled('Hello!' as unknown as AskRequest[])).rejects.toThrow(/are not a list/);
    await expect(demo.model.askManySettled([good], { batchSize: 0 })).rejects.toThrow(/batchSize is out of range/);
  });

  it('settled, answers the others when one fails while it is answered', async () => {
    const hello: AskRequest = { messages: [{ role: 'user', content: 'Hello!' }] };
    const constraint: NonNullable<ChatOptions['constraint']> = {
      finished: false,
      mask: () => Promise.reject(new Error('There is no mask.')),
      accept: async () => true,
    };
    const [first, second] = await demo.model.askManySettled([{ ...hello, options: { constraint } }, hello]);
    expect(first).toMatchObject({ status: 'rejected', reason: { message: 'There is no mask.' } });
    expect(second).toMatchObject({ status: 'fulfilled', value: { text: (await demo.model.ask(hello.messages)).text } });
  });

  it('takes questions from anything that lists them, and refuses what does not', async () => {
    const hello: AskRequest = { messages: [{ role: 'user', content: 'Hello!' }], options: { maxNewTokens: 1 } };
    expect(await demo.model.askMany(new Set([hello, { ...hello }]))).toHaveLength(2);
    const askMany = (requests: unknown) => demo.model.askMany(requests as AskRequest[]);
    for (const none of [undefined, hello, 'Hello!']) await expect(askMany(none)).rejects.toThrow(/are not a list/);
    await expect(askMany([hello, 'Hello!'])).rejects.toThrow(/Question 2 is not an object/);
    await expect(askMany([{ ...hello, maxNewTokens: 1 }])).rejects.toThrow(
      /Question 1 .*messages, options.*maxNewTokens/,
    );
  });
});

describe('askMany reads pictures', () => {
  /** How the reading of a picture is to go, by its file's name: called when it begins, and waited for. */
  let readings: Record<string, () => Promise<unknown>> = {};
  let begun: string[] = [];
  let running = 0;
  let model: QwenVL;
  let close: () => Promise<void>;

  beforeAll(async () => {
    const checkpoint = await openCheckpoint(await openFolder(checkpointPath()));
    const image: typeof demo.media.image = async (part, request) => {
      const name = String(part.image);
      begun.push(name);
      running += 1;
      try {
        await readings[name]?.();
        return await demo.media.image({ ...part, image: join(samplesPath(), 'shapes1.png') }, request);
      } finally {
        running -= 1;
      }
    };
    model = await loadQwenVL({ checkpoint, runtime: demo.runtime, media: { image } });
    close = async () => {
      await model.dispose();
      await checkpoint.close();
    };
  });
  beforeEach(() => {
    readings = {};
    begun = [];
  });
  afterAll(() => close());

  const about = (image: string): AskRequest => ({
    messages: [
      {
        role: 'user',
        content: [
          { type: 'image', image },
          { type: 'text', text: 'Describe this image.' },
        ],
      },
    ],
    options: { maxNewTokens: 2 },
  });
  const names = ['0', '1', '2', '3', '4', '5'];
  /** Turns of the event loop, enough for whatever can begin to begin. */
  const settle = () => new Promise((resolve) => setTimeout(resolve, 30));

  it('of several questions at a time, up to a bound', async () => {
    let release = () => {};
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    readings = Object.fromEntries(names.map((name) => [name, () => gate]));
    const asked = model.askMany(names.map(about));
    await settle();
    expect(begun).toEqual(['0', '1', '2', '3']);
    release();
    const { tokenIds } = await model.ask(about('0').messages, { maxNewTokens: 2 });
    expect((await asked).map((answer) => answer.tokenIds)).toEqual(names.map(() => tokenIds));
  });

  it('and after a failure begins no other, leaves none at work, and tells the first in order', async () => {
    const fail = (name: string) => async () => {
      throw new MediaError(`Picture ${name} is bad.`);
    };
    readings = {
      '0': settle,
      '1': async () => {
        await settle();
        await fail('1')();
      },
      '2': fail('2'),
      '3': async () => {
        await settle();
        await settle();
      },
    };
    await expect(model.askMany(names.map(about))).rejects.toThrow('Picture 1 is bad.');
    expect(running).toBe(0);
    await settle();
    expect(begun).toEqual(['0', '1', '2', '3']);
  });

  it('and settled, reads all, and answers those whose picture could be', async () => {
    const bad = async () => {
      throw new MediaError('The picture is bad.');
    };
    readings = { '1': bad, '5': bad };
    const results = await model.askManySettled(names.map(about), { batchSize: 4 });
    expect(begun).toEqual(names);
    expect(results.map((result) => (result.status === 'rejected' ? result.reason : result.value.finishReason))).toEqual(
      ['length', expect.any(MediaError), 'length', 'length', 'length', expect.any(MediaError)],
    );
  });

  it('and answers the others when one is aborted meanwhile', async () => {
    const abort = new AbortController();
    readings = {
      '1': async () => {
        await settle();
        abort.abort();
      },
    };
    const requests = names.map(about).map((request, i) => {
      return i === 1 ? { ...request, options: { ...request.options, signal: abort.signal } } : request;
    });
    const answers = await model.askMany(requests);
    expect(answers.map(({ finishReason }) => finishReason)).toEqual([
      'length',
      'abort',
      'length',
      'length',
      'length',
      'length',
    ]);
    expect(running).toBe(0);
  });
});
