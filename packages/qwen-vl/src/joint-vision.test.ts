import type { ModalityEncoder } from '@vlmkit/core';
import { sampleMessages } from '@vlmkit/demo-model';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Message, QwenVL } from './index.js';
import { type Demo, openDemo, sampleAsking } from './testing/demo.js';

let demo: Demo;
beforeAll(async () => {
  demo = await openDemo();
});
afterAll(() => demo?.close());

/** A model on the demo's modules, and how many pictures each run of its encoder took. */
function notingRuns(joint: boolean): { readonly model: QwenVL; readonly runs: readonly number[] } {
  const { info, modules } = demo.model;
  const own = modules.encoder!;
  const runs: number[] = [];
  const encoder: ModalityEncoder = {
    featureSize: own.featureSize,
    encode: (input, options) => {
      runs.push(1);
      return own.encode(input, options);
    },
    joint: joint
      ? {
          plan: (grids) => own.joint!.plan(grids),
          encode: (inputs, options) => {
            runs.push(inputs.length);
            return own.joint!.encode(inputs, options);
          },
        }
      : undefined,
    dispose: async () => undefined,
  };
  return { model: new QwenVL({ info, modules: { ...modules, encoder }, media: demo.media }), runs };
}

describe('small pictures of one prompt', () => {
  it('share a run, and are seen as one by one', async () => {
    const pictures = ['What color is the star?', 'Read the text.', 'What do you see?'].map((text) =>
      sampleAsking(demo.samples, text),
    );
    const content = pictures.flatMap((sample) =>
      sampleMessages(sample).flatMap((message) => (typeof message.content === 'string' ? [] : message.content)),
    );
    const messages: Message[] = [{ role: 'user', content }];
    const together = notingRuns(true);
    const apart = notingRuns(false);
    const joint = await together.model.inspect(messages, { newTokens: 8 });
    const separate = await apart.model.inspect(messages, { newTokens: 8 });
    expect(together.runs).toEqual([3]);
    expect(apart.runs).toEqual([1, 1, 1]);
    expect(joint.image_grid_thw).toEqual(separate.image_grid_thw);
    expect(joint.generated_ids).toEqual(separate.generated_ids);
    const [embeds, expected] = [joint.image_embeds!.data, separate.image_embeds!.data] as [Float32Array, Float32Array];
    const largest = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    expect(embeds.reduce((most, value, i) => Math.max(most, Math.abs(value - expected[i]!)), 0)).toBeLessThan(
      1e-5 * largest,
    );
  });
});
