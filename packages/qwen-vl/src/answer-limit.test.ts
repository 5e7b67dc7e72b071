import { openCheckpoint } from '@vlmkit/checkpoint';
import { openFolder } from '@vlmkit/checkpoint/node';
import { PromptError } from '@vlmkit/core';
import { checkpointPath } from '@vlmkit/demo-model';
import { describe, expect, it } from 'vitest';
import { readModelInfo } from './load.js';
import { QwenVL } from './qwen-vl.js';
import { FakeBackbone } from './testing/fakes.js';

const messages = [{ role: 'user', content: 'Hello!' }] as const;

/** A model that never stops by itself, of a checkpoint with this max_new_tokens. */
async function talkative({ maxNewTokens, context = 4096 }: { maxNewTokens?: number; context?: number } = {}) {
  const checkpoint = await openCheckpoint(await openFolder(checkpointPath()));
  const generation = { ...checkpoint.generation, ...(maxNewTokens !== undefined && { maxNewTokens }) };
  const info = await readModelInfo({ ...checkpoint, generation });
  await checkpoint.close();
  const backbone = new FakeBackbone([5], context);
  return { backbone, model: new QwenVL({ info, modules: { backbone } }) };
}

describe('the longest answer', () => {
  it('is what the checkpoint states, or 512 tokens', async () => {
    expect((await (await talkative({ maxNewTokens: 3 })).model.ask(messages)).tokenIds).toHaveLength(3);
    expect((await (await talkative()).model.ask(messages)).tokenIds).toHaveLength(512);
  });

  it('is what the question asks for, before what the checkpoint states', async () => {
    const { model } = await talkative({ maxNewTokens: 3 });
    expect((await model.ask(messages, { maxNewTokens: 5 })).tokenIds).toHaveLength(5);
    const [answer] = await model.askMany([{ messages }]);
    expect(answer!.tokenIds).toHaveLength(3);
  });

  it('is what the context has room for, where the checkpoint states more', async () => {
    const { model } = await talkative({ maxNewTokens: 2048, context: 100 });
    const { tokenIds, promptTokens, finishReason } = await model.ask(messages);
    expect(promptTokens + tokenIds.length).toBe(100);
    expect(finishReason).toBe('length');
  });

  it('is at least one token: less is refused before anything is read or answered', async () => {
    const { model, backbone } = await talkative();
    for (const maxNewTokens of [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY]) {
      const unread = [{ role: 'user', content: [{ type: 'image', image: 'nowhere.png' }] }] as const;
      await expect(model.ask(unread, { maxNewTokens })).rejects.toThrow(/maxNewTokens is out of range/);
      await expect(model.askMany([{ messages }, { messages, options: { maxNewTokens } }])).rejects.toThrow(PromptError);
    }
    expect(backbone.calls).toEqual([]);
  });
});
