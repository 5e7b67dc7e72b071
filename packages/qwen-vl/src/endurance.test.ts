import { join } from 'node:path';
import type { AbortSignalLike } from '@vlmkit/core';
import { checkpointPath, sampleMessages, samplesPath } from '@vlmkit/demo-model';
import { createNodeRuntime } from '@vlmkit/runtime-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { collectGarbage } from './testing/collect-garbage.js';
import { type Demo, openDemo, sampleAsking } from './testing/demo.js';
import { type LoadedModel, loadModel } from './testing/load-model.js';

let demo: Demo;
let short: LoadedModel;
beforeAll(async () => {
  demo = await openDemo();
  short = await loadModel({ folder: checkpointPath(), runtime: demo.runtime, featureCacheBytes: 0, prefillChunk: 8 });
});
afterAll(async () => {
  await short?.close();
  await demo?.close();
});

/** A signal that is found aborted when it is looked at for the nth time. */
function abortAtLook(n: number): AbortSignalLike {
  let looks = 0;
  return {
    get aborted() {
      looks += 1;
      return looks >= n;
    },
  };
}

describe('an abort at any moment', () => {
  it('ends with the text so far, and leaves the chat as if nothing had happened', async () => {
    const sample = sampleAsking(demo.samples, 'Where is it?');
    const messages = sampleMessages(sample);
    const expected = sample.turns.at(-1)!;
    const chat = short.model.createChat();
    const reasons = new Set<string>();
    for (let look = 1; look <= 61; look += 4) {
      const answer = await chat.ask(messages, { signal: abortAtLook(look) });
      reasons.add(answer.finishReason);
      expect(expected.answer.startsWith(answer.text)).toBe(true);
      expect(expected.output_ids.slice(0, answer.tokenIds.length)).toEqual(answer.tokenIds);
      expect((await chat.ask(messages)).tokenIds).toEqual(expected.output_ids);
    }
    expect([...reasons]).toContain('abort');
    chat.dispose();
  });

  it('does not disturb the other generations', async () => {
    const sample = sampleAsking(demo.samples, 'Locate every shape');
    const messages = sampleMessages(sample);
    const [whole, ...cut] = await Promise.all([
      short.model.ask(messages),
      ...[3, 9, 20].map((look) => short.model.ask(messages, { signal: abortAtLook(look) })),
    ]);
    expect(whole.tokenIds).toEqual(sample.turns.at(-1)!.output_ids);
    expect(cut.every(({ finishReason }) => finishReason === 'abort')).toBe(true);
  });
});

describe('a hundred turns', () => {
  it('leave memory as it was', async () => {
    // In the calling thread, all of whose garbage can be collected here: what threads still hold would blur the picture.
    const runtime = await createNodeRuntime({ device: 'cpu', threads: 1, inline: true });
    const { model, close } = await loadModel({ folder: checkpointPath(), runtime, featureCacheBytes: 0 });
    const names = ['shapes1.png', 'shapes2.png', 'shapes3.png', 'wide.png'];
    const turns = async (count: number) => {
      for (let i = 0; i < count; i++) {
        const image = join(samplesPath(), names[i % names.length]!);
        const content = [{ type: 'image', image } as const, { type: 'text', text: 'Describe this image.' } as const];
        await model.ask([{ role: 'user', content }], { maxNewTokens: 2 });
      }
      await collectGarbage();
      return process.memoryUsage();
    };
    await turns(50);
    const before = await turns(50);
    const after = await turns(100);
    // What one turn holds at a time, 0.5 to 1 MiB of pixels, features and cache, would be 50 to 100 MiB if it stayed.
    expect((after.rss - before.rss) / 2 ** 20).toBeLessThan(20);
    expect((after.heapUsed - before.heapUsed) / 2 ** 20).toBeLessThan(2);
    expect((after.arrayBuffers - before.arrayBuffers) / 2 ** 20).toBeLessThan(2);
    await close();
    await runtime.dispose();
  });
});
