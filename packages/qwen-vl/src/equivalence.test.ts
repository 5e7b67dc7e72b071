import { join } from 'node:path';
import type { Tensor } from '@vlmkit/core';
import { checkpointPath, sampleMessages, samplesPath } from '@vlmkit/demo-model';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Message } from './messages.js';
import { type Demo, openDemo, sampleAsking } from './testing/demo.js';
import { type LoadedModel, loadModel } from './testing/load-model.js';

let demo: Demo;
/** The same model without a memory of features, with short prefill chunks. */
let plain: LoadedModel;
beforeAll(async () => {
  demo = await openDemo();
  plain = await loadModel({
    folder: checkpointPath(),
    runtime: demo.runtime,
    featureCacheBytes: 0,
    prefillChunk: 16,
  });
});
afterAll(async () => {
  await plain?.close();
  await demo?.close();
});

function picture(name: string) {
  return { type: 'image', image: join(samplesPath(), name) } as const;
}

function ask(question: string, ...pictures: readonly string[]): readonly Message[] {
  return [{ role: 'user', content: [...pictures.map(picture), { type: 'text', text: question }] }];
}

describe('pictures in one prompt', () => {
  it('have the features that each has alone', async () => {
    const names = ['pair_a.png', 'odd_size.png', 'wide.png'];
    const together = await plain.model.inspect(ask('Which image has a star?', ...names));
    const apart: Tensor[] = [];
    for (const name of names) {
      apart.push((await plain.model.inspect(ask('Describe this image.', name))).image_embeds!);
    }
    const [rows, width] = together.image_embeds!.dims;
    expect(rows).toBe(apart.reduce((sum, { dims }) => sum + dims[0]!, 0));
    expect(apart.every(({ dims }) => dims[1] === width)).toBe(true);
    const expected = apart.flatMap(({ data }) => Array.from(data, Number));
    expectClose(Array.from(together.image_embeds!.data, Number), expected);
  });
});

describe('a prompt computed in chunks', () => {
  it('gives what it gives whole', async () => {
    for (const messages of [ask('Which image has a star?', 'pair_a.png', 'pair_b.png'), ask('Hello!')]) {
      const whole = await demo.model.inspect(messages, { newTokens: 12 });
      const chunked = await plain.model.inspect(messages, { newTokens: 12 });
      expect(whole.input_ids!.data.length).toBeGreaterThan(16);
      expectClose(Array.from(chunked.logits!.data, Number), Array.from(whole.logits!.data, Number));
      expect(chunked.generated_ids).toEqual(whole.generated_ids);
    }
  });
});

describe('a chat', () => {
  it('answers every turn as a fresh run does, and computes only what is new', async () => {
    const chat = demo.model.createChat();
    const questions = [
      'What shape is purple?',
      'Where is it?',
      'What color is the star?',
      'How many shapes are there?',
    ];
    let history: readonly Message[] = [];
    for (const [turn, question] of questions.entries()) {
      const pictures = turn === 0 ? ['shapes2.png'] : turn === 2 ? ['shapes4.png'] : [];
      const messages = [...history, ...ask(question, ...pictures)];
      const answer = await chat.ask(messages);
      const fresh = await plain.model.ask(messages);
      expect(answer.tokenIds, question).toEqual(fresh.tokenIds);
      if (turn > 0) expect(answer.reusedTokens, question).toBeGreaterThan(answer.promptTokens / 2);
      expect(fresh.reusedTokens).toBe(0);
      history = [...messages, { role: 'assistant', content: answer.text }];
    }
    chat.dispose();
  });

  it('does not take an edited history for the old one', async () => {
    const chat = demo.model.createChat();
    const first = ask('What do you see?', 'shapes3.png');
    await chat.ask(first);
    const edited = ask('What do you see?', 'shapes1.png');
    expect((await chat.ask(edited)).tokenIds).toEqual((await plain.model.ask(edited)).tokenIds);
    expect((await chat.ask(first)).tokenIds).toEqual((await plain.model.ask(first)).tokenIds);
    chat.dispose();
  });
});

describe('a stream', () => {
  it('yields pieces that join to the answer, and counts its tokens', async () => {
    for (const question of ['Locate every shape', 'What can you do?', 'When does the star appear?']) {
      const sample = sampleAsking(demo.samples, question);
      const pieces: string[] = [];
      let tokens = 0;
      const kinds: string[] = [];
      for await (const event of demo.model.stream(sampleMessages(sample))) {
        if (kinds.at(-1) !== event.type) kinds.push(event.type);
        if (event.type === 'text') {
          pieces.push(event.text);
          expect(event.tokens).toBeGreaterThan(tokens);
          tokens = event.tokens;
        } else if (event.type === 'done') {
          expect(pieces.join('')).toBe(event.answer.text);
          expect(event.answer.text).toBe(sample.turns.at(-1)!.answer);
          expect(event.answer.tokenIds.length).toBeGreaterThanOrEqual(tokens);
        }
      }
      expect(kinds).toEqual(['prefilled', 'text', 'done']);
      expect(pieces.length).toBeGreaterThan(3);
    }
  });
});

describe('several generations at a time', () => {
  it('give what each gives apart', async () => {
    const asked = ['Locate every shape', 'Which image has a star?', 'When does the star appear?', 'What can you do?'];
    const samples = asked.map((question) => sampleAsking(demo.samples, question));
    const answers = await Promise.all(samples.map((sample) => demo.model.ask(sampleMessages(sample))));
    expect(answers.map(({ tokenIds }) => tokenIds)).toEqual(samples.map(({ turns }) => turns.at(-1)!.output_ids));
  });

  it('may be pulled token by token in turn', async () => {
    const samples = ['Locate every shape', 'Describe the first image'].map((text) => sampleAsking(demo.samples, text));
    const streams = samples.map((sample) => demo.model.stream(sampleMessages(sample)));
    const texts = samples.map(() => '');
    for (let open = streams.length; open > 0; ) {
      for (const [i, stream] of streams.entries()) {
        const { value } = await stream.next();
        if (value?.type === 'text') texts[i] += value.text;
        if (value?.type === 'done') open -= 1;
      }
    }
    expect(texts).toEqual(samples.map(({ turns }) => turns.at(-1)!.answer));
  });
});

/** Within 1e-5 of the largest expected value. */
function expectClose(actual: readonly number[], expected: readonly number[]): void {
  expect(actual.length).toBe(expected.length);
  const largest = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const farthest = expected.reduce((most, value, i) => Math.max(most, Math.abs(value - actual[i]!)), 0);
  expect(farthest / largest).toBeLessThanOrEqual(1e-5);
}
