import { openCheckpoint, quantizeCheckpoint } from '@vlmkit/checkpoint';
import { openFolder } from '@vlmkit/checkpoint/node';
import { checkpointPath, readSamples, sampleMessages } from '@vlmkit/demo-model';
import { createNodeRuntime } from '@vlmkit/runtime-node';
import { describe, expect, it } from 'vitest';
import { loadQwenVL } from './index.js';
import { createNodeMedia } from './node/index.js';

describe('a checkpoint with 8-bit integers for prompts', () => {
  it('gives the answers of the reference to prompts that it computes with them', async () => {
    const original = await openCheckpoint(await openFolder(checkpointPath()));
    const checkpoint = await quantizeCheckpoint(original, { dtype: 'q8', prefill: 'int8' });
    const runtime = await createNodeRuntime({ device: 'cpu', threads: 2 });
    const media = createNodeMedia();
    const model = await loadQwenVL({ checkpoint, runtime, media, visionDtype: 'float32' });
    // Coordinates are left out: a digit that float32 itself is unsure of may differ.
    const samples = (await readSamples()).filter(({ turns }) => !turns.at(-1)!.question.includes('bbox')).slice(0, 10);
    let long = 0;
    for (const sample of samples) {
      const { tokenIds, promptTokens } = await model.ask(sampleMessages(sample));
      expect(tokenIds, sample.turns.at(-1)!.question).toEqual(sample.turns.at(-1)!.output_ids);
      if (promptTokens >= 32) long++;
    }
    expect(long).toBeGreaterThan(5);
    await model.dispose();
    await media.dispose();
    await runtime.dispose();
    await original.close();
  });
});
