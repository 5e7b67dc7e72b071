import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { QwenVL } from './qwen-vl.js';
import { type Demo, openDemo } from './testing/demo.js';
import { FakeBackbone } from './testing/fakes.js';

let demo: Demo;
let clover: readonly number[];
beforeAll(async () => {
  demo = await openDemo();
  // A character of four bytes that no token holds whole.
  clover = demo.model.info.tokenizer.encode('🍀');
  expect(clover.length).toBeGreaterThan(1);
});
afterAll(() => demo?.close());

const messages = [{ role: 'user', content: 'Hello!' }] as const;

/** Pieces and answer of a backbone that says `script`. */
async function say(script: readonly number[], options: Parameters<QwenVL['stream']>[1] = {}) {
  const model = new QwenVL({ info: demo.model.info, modules: { backbone: new FakeBackbone(script, 4096) } });
  const pieces: string[] = [];
  for await (const event of model.stream(messages, options)) {
    if (event.type === 'text') pieces.push(event.text);
    if (event.type === 'done') return { pieces, answer: event.answer };
  }
  throw new Error('The stream has no end.');
}

describe('the text of an answer', () => {
  it('is what its ids decode to, also when the end cuts a character', async () => {
    const { tokenizer, stopIds } = demo.model.info;
    const half = [...tokenizer.encode('a leaf '), ...clover.slice(0, -1)];
    const ends = [
      { finishReason: 'length', script: half, options: { maxNewTokens: half.length } },
      { finishReason: 'stop', script: [...half, stopIds[0]!], options: {} },
    ] as const;
    for (const { finishReason, script, options } of ends) {
      const { pieces, answer } = await say(script, options);
      expect(answer).toMatchObject({ finishReason, tokenIds: script, text: tokenizer.decode(half) });
      expect(answer.text).toMatch(/^a leaf \ufffd+$/);
      expect(pieces.join('')).toBe(answer.text);
    }
  });

  it('holds what might have begun a stop string before the cut character', async () => {
    const { tokenizer } = demo.model.info;
    const script = [...tokenizer.encode('a leaf'), ...clover.slice(0, -1)];
    const { answer } = await say(script, { maxNewTokens: script.length, stop: ['leaf!'] });
    expect(answer.text).toBe(tokenizer.decode(script));
  });

  it('ends before an id that is to end it, beside those of the checkpoint', async () => {
    const { tokenizer, stopIds } = demo.model.info;
    const [comma] = tokenizer.encode(',');
    const script = [...tokenizer.encode('a leaf'), comma!, ...clover, stopIds[0]!];
    const { answer } = await say(script, { stopTokenIds: [comma!, 9] });
    const tokenIds = script.slice(0, script.indexOf(comma!) + 1);
    expect(answer).toMatchObject({ text: 'a leaf', finishReason: 'stop', tokenIds });
    const other = await say(script, { stopTokenIds: [9] });
    expect(other.answer).toMatchObject({ text: 'a leaf,🍀', finishReason: 'stop', tokenIds: script });
  });

  it('ends before a stop string, whatever follows it', async () => {
    const { tokenizer } = demo.model.info;
    const script = [...tokenizer.encode('a leaf'), ...clover];
    expect((await say(script, { stop: ['f'] })).answer).toMatchObject({ text: 'a lea', finishReason: 'stop' });
  });
});
