import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { samplesPath } from '@vlmkit/demo-model';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { lastAnswer } from './answer-stream.js';
import type { Message } from './messages.js';
import { collectGarbage } from './testing/collect-garbage.js';
import { type Demo, openDemo } from './testing/demo.js';

let demo: Demo;
beforeAll(async () => {
  demo = await openDemo();
});
afterAll(() => demo?.close());

function describing(name: string): readonly Message[] {
  const image = { type: 'image', image: join(samplesPath(), name) } as const;
  return [{ role: 'user', content: [image, { type: 'text', text: 'Describe this image.' }] }];
}

describe('turns of one chat asked at the same time', () => {
  it('give what they give one after the other', async () => {
    const asked = ['shapes1.png', 'shapes2.png', 'shapes3.png'].map(describing);
    const chat = demo.model.createChat();
    const together = await Promise.all(asked.map((messages) => chat.ask(messages)));
    for (const [i, messages] of asked.entries()) {
      expect(together[i]!.tokenIds).toEqual((await demo.model.ask(messages)).tokenIds);
    }
    chat.dispose();
  });

  it('may be aborted while they wait, at once and without harm to the others', async () => {
    const chat = demo.model.createChat();
    const controller = new AbortController();
    const ended: string[] = [];
    const note = (name: string) => () => ended.push(name);
    const answering = chat.stream(describing('shapes1.png'));
    await answering.next();
    const first = lastAnswer(answering);
    const waiting = chat.ask(describing('shapes2.png'), { signal: controller.signal });
    const third = chat.ask(describing('shapes3.png'));
    const all = Promise.all([first.finally(note('first')), waiting.finally(note('waiting')), third]);
    setTimeout(() => controller.abort());
    const [, aborted, last] = await all;
    expect(aborted).toMatchObject({ finishReason: 'abort', text: '', tokenIds: [] });
    expect(ended).toEqual(['waiting', 'first']);
    expect(last.tokenIds).toEqual((await demo.model.ask(describing('shapes3.png'))).tokenIds);
    chat.dispose();
  });

  it('go on after a stream that was left, closed, or refused', async () => {
    const chat = demo.model.createChat();
    const left = chat.stream(describing('shapes1.png'));
    await left.next();
    await left.next();
    for await (const event of chat.stream(describing('shapes2.png'))) if (event.type === 'text') break;
    await expect(chat.ask([{ role: 'user', content: ' ' }])).rejects.toThrow('The prompt is empty.');
    const expected = (await demo.model.ask(describing('shapes3.png'))).tokenIds;
    expect((await chat.ask(describing('shapes3.png'))).tokenIds).toEqual(expected);
    chat.dispose();
  });
});

it('a chat lets go of the messages, pictures and options of turns that have ended', async () => {
  const chat = demo.model.createChat();
  const passed: WeakRef<object>[] = [];
  const ask = async (question: string) => {
    const image = new Uint8Array(await readFile(join(samplesPath(), 'shapes1.png')));
    const content = [{ type: 'image', image } as const, { type: 'text', text: question } as const];
    const messages: readonly Message[] = [{ role: 'user', content }];
    const options = { maxNewTokens: 1 };
    passed.push(new WeakRef(image), new WeakRef(messages), new WeakRef(options));
    await chat.ask(messages, options);
  };
  for (const question of ['What?', 'Where?', 'When?', 'Why?']) await ask(question);
  await collectGarbage();
  expect(passed.filter((one) => one.deref())).toHaveLength(0);
  chat.dispose();
});

describe('a chat that is disposed of', () => {
  it('fails turns that read media, that run, that wait and that come later, and keeps no cache', async () => {
    const { backbone } = demo.model.modules;
    const createState = vi.spyOn(backbone, 'createState');
    const chat = demo.model.createChat();
    const reading = ['shapes1.png', 'shapes2.png'].map((name) => chat.ask(describing(name)));
    chat.dispose();
    for (const turn of reading) await expect(turn).rejects.toThrow(/The chat was disposed of/);
    await expect(chat.ask(describing('shapes3.png'))).rejects.toMatchObject({ name: 'RuntimeError' });
    expect(createState).not.toHaveBeenCalled();
    createState.mockRestore();

    const other = demo.model.createChat();
    const running = other.stream(describing('shapes1.png'));
    await running.next();
    await running.next();
    const waiting = other.ask(describing('shapes2.png'));
    other.dispose();
    other.dispose();
    await expect(lastAnswer(running)).rejects.toThrow(/The chat was disposed of/);
    await expect(waiting).rejects.toThrow(/The chat was disposed of/);
  });
});

it('models and chats that outlive their runtime are disposed of silently, and twice', async () => {
  const { model, runtime, close } = await openDemo();
  const chat = model.createChat();
  await chat.ask(describing('shapes1.png'), { maxNewTokens: 1 });
  await runtime.dispose();
  chat.dispose();
  await model.dispose();
  chat.dispose();
  await close();
});
