import { sampleMessages } from '@vlmkit/demo-model';
import { describe, expect, it } from 'vitest';
import { type Demo, openDemo, sampleAsking } from './testing/demo.js';
import { longestWait } from './testing/event-loop.js';

const limitMs = 50;

describe('the event loop', () => {
  it('would be seen to wait', async () => {
    const wait = await longestWait(async () => {
      const start = process.cpuUsage();
      while (process.cpuUsage(start).user < 3000 * limitMs);
    });
    expect(wait).toBeGreaterThan(limitMs);
  });

  it('stays free while the model loads, reads prompts and answers', async () => {
    // Modules are compiled, and libraries of pictures opened, only once in a process.
    const warm = await openDemo();
    const pictures = sampleMessages(sampleAsking(warm.samples, 'Locate every shape'));
    await warm.model.ask(pictures, { maxNewTokens: 2 });
    await warm.close();
    let demo: Demo | undefined;
    const loading = async () => {
      demo = await openDemo();
    };
    expect(await longestWait(loading)).toBeLessThan(limitMs);
    const long = 'How many shapes are there? '.repeat(120);
    const asks = {
      prefill: () => demo!.model.ask([{ role: 'user', content: long }], { maxNewTokens: 1 }),
      generation: () => demo!.model.ask([{ role: 'user', content: 'Hello!' }], { maxNewTokens: 60 }),
      picture: () => demo!.model.ask(pictures),
      batch: () => demo!.model.askMany(Array.from({ length: 4 }, () => ({ messages: pictures }))),
    };
    for (const [name, ask] of Object.entries(asks)) {
      expect(await longestWait(ask), name).toBeLessThan(limitMs);
    }
    await demo?.close();
  });
});
