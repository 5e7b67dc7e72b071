import { readFileSync } from 'node:fs';
import { openCheckpoint } from '@vlmkit/checkpoint';
import { openFolder } from '@vlmkit/checkpoint/node';
import { beforeAll, describe, expect, it } from 'vitest';
import { readModelInfo } from './load.js';
import { type Message, parseMessages } from './messages.js';
import { QwenVL } from './qwen-vl.js';
import { FakeBackbone } from './testing/fakes.js';
import { writeGoldenCheckpoint } from './testing/golden-checkpoint.js';

interface GoldenChat {
  readonly messages: readonly Message[];
  readonly tools?: readonly unknown[];
  readonly ids: readonly number[];
}

const goldenPath = new URL('../../../fixtures/tokenizer/golden.json', import.meta.url);
const { textChats } = JSON.parse(readFileSync(goldenPath, 'utf8')) as { readonly textChats: readonly GoldenChat[] };

let model: QwenVL;
beforeAll(async () => {
  const { folder } = await writeGoldenCheckpoint('qwen2-published-float32');
  const checkpoint = await openCheckpoint(await openFolder(folder));
  model = new QwenVL({ info: await readModelInfo(checkpoint), modules: { backbone: new FakeBackbone([1]) } });
  await checkpoint.close();
});

const call = { type: 'function', function: { name: 'weather', arguments: { place: 'Köln' } } };

describe('calls of tools', () => {
  it('reach the chat template, which writes them as the reference does', async () => {
    const chats = textChats.filter(({ messages }) => messages.some((message) => message.tool_calls));
    expect(chats.length).toBeGreaterThan(0);
    for (const { messages, tools, ids } of chats) {
      const { tokenIds } = await model.createPrompt(messages, tools ? { tools } : {});
      expect(tokenIds).toEqual(ids);
    }
  });

  it('need no content beside them', async () => {
    const asked = { role: 'user', content: 'Weather?' };
    const answered = { role: 'tool', content: 'sunny' };
    const prompts = [{ content: null }, { content: '' }, {}].map((content) =>
      model.createPrompt([asked, { role: 'assistant', ...content, tool_calls: [call] }, answered] as Message[]),
    );
    const [first, ...others] = await Promise.all(prompts);
    for (const other of others) expect(other.tokenIds).toEqual(first!.tokenIds);
    expect(model.info.tokenizer.decode(first!.tokenIds)).toContain(
      '<|im_start|>assistant\n<tool_call>\n{"name": "weather", "arguments": {"place": "Köln"}}\n</tool_call><|im_end|>',
    );
  });

  it('are refused when they are none', () => {
    const message = { role: 'assistant', content: 'x' };
    expect(() => parseMessages([{ ...message, tool_calls: 'weather()' }])).toThrow(/Message 1 has bad tool_calls/);
    expect(() => parseMessages([{ ...message, content: null, tool_calls: [] }])).toThrow(/Message 1 has no content/);
    expect(() => parseMessages([{ role: 'user', content: null }])).toThrow(/Message 1 has no content/);
    expect(parseMessages([{ ...message, tool_calls: null }])).toEqual([message]);
  });
});
