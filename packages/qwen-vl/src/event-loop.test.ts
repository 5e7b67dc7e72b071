import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sampleMessages } from '@vlmkit/demo-model';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { createNodeMedia } from './node/index.js';
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

  it('stays free while long texts become prompts', async () => {
    const { model, close } = await openDemo();
    const sentence = 'On page 17 there are “three” circles, 2 squares and – perhaps – a star 🙂.\n';
    const texts = {
      lines: sentence.repeat(200_000 / sentence.length),
      'one word': 'letters'.repeat(200_000 / 7),
      'one line of dashes': '-'.repeat(200_000),
    };
    const ask = (text: string) => model.createPrompt([{ role: 'user', content: text }]);
    await ask(sentence);
    for (const [name, text] of Object.entries(texts)) {
      expect(await longestWait(() => ask(text)), name).toBeLessThan(limitMs);
    }
    const several = () => Promise.all(Array.from({ length: 8 }, () => ask(texts.lines.slice(0, 40_000))));
    expect(await longestWait(several), 'several at once').toBeLessThan(limitMs);
    await close();
  });

  it('stays free while a long clip is read', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'vlmkit-clip-'));
    const video = Array.from({ length: 16 }, (_, i) => join(folder, `${i}.jpg`));
    for (const [i, file] of video.entries()) {
      const background = { r: i * 15, g: 90, b: 40 };
      await sharp({ create: { width: 1280, height: 720, channels: 3, background } }).toFile(file);
    }
    const cut = { patchSize: 14, temporalPatchSize: 2, mergeSize: 2, mean: [0.5, 0.5, 0.5], std: [0.25, 0.25, 0.25] };
    const config = { ...cut, minPixels: 3136, maxPixels: 12_845_056 };
    const media = createNodeMedia();
    const read = (frames: readonly string[]) =>
      media.video({ type: 'video', video: frames }, { vision: { image: config } });
    // The thread starts, and sharp is loaded there, with the first clip.
    await read(video.slice(0, 2));
    expect(await longestWait(() => read(video))).toBeLessThan(limitMs);
    await media.dispose();
    await rm(folder, { recursive: true });
  });
});
