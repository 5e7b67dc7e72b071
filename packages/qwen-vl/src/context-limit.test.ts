import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PromptError } from '@vlmkit/core';
import { samplesPath } from '@vlmkit/demo-model';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { ContentPart, PixelLimits } from './content-parts.js';
import type { MediaSource } from './media.js';
import { QwenVL } from './qwen-vl.js';
import { type Demo, openDemo } from './testing/demo.js';
import { FakeBackbone } from './testing/fakes.js';

const image = join(samplesPath(), 'shapes1.png');
const clip = fileURLToPath(new URL('../../../fixtures/video/h264.mp4', import.meta.url));

let demo: Demo;
beforeAll(async () => {
  demo = await openDemo();
});
afterAll(() => demo.close());

/** A model of 2048 tokens that reads with the demo's media, or with `media`. */
function modelOf(media: MediaSource = demo.media, contextLength = 2048): QwenVL {
  return new QwenVL({ info: demo.model.info, modules: { backbone: new FakeBackbone([1], contextLength) }, media });
}

const refuse = (model: QwenVL, ...content: ContentPart[]) =>
  model.createPrompt([{ role: 'user', content }]).then(
    () => undefined,
    (error: unknown) => error as PromptError,
  );

it('a text that is too long is told what helps, without a word of pictures', async () => {
  const model = modelOf(demo.media, 16);
  const asked = model.ask([{ role: 'user', content: 'Hello! '.repeat(20) }]);
  await expect(asked).rejects.toThrow(/at most 16 tokens.*Ask for fewer new tokens, or shorten the conversation\.$/);
});

describe('pictures and clips larger than the context', () => {
  it.each<[ContentPart, RegExp]>([
    [{ type: 'image', image, min_pixels: 1e8 }, /at least 127552 in one image\. Lower min_pixels\.$/],
    [{ type: 'image', image, min_pixels: 1e12 }, /Lower min_pixels\.$/],
    [{ type: 'image', image, min_pixels: 1e8, max_pixels: 1e9 }, /Lower min_pixels\.$/],
    [{ type: 'image', image, resized_height: 9e4, resized_width: 9e4, max_pixels: 1e12 }, /Lower resized_height/],
    [{ type: 'video', video: clip, min_pixels: 1e8 }, /in one video\. Lower min_pixels\.$/],
    [{ type: 'video', video: clip, min_pixels: 1e6, nframes: 4 }, /Lower min_pixels or the number of frames/],
    [{ type: 'video', video: [image, image, image], min_pixels: 1e6 }, /Lower min_pixels or the number of frames/],
  ])('are refused before any is read where their options say so: %j', async (part, message) => {
    const media = { image: vi.fn(demo.media.image), video: vi.fn(demo.media.video!) };
    const error = await refuse(modelOf(media), { type: 'image', image }, part);
    expect(error).toBeInstanceOf(PromptError);
    expect(error!.message).toMatch(/does not fit the model\. Expected at most 2048 tokens/);
    expect(error!.message).toMatch(message);
    expect(media.image).not.toHaveBeenCalled();
    expect(media.video).not.toHaveBeenCalled();
  });

  it('are refused with their own size, and not cut at it, where only the file tells', async () => {
    const bounds: (number | undefined)[] = [];
    const media: MediaSource = {
      image: async (part, request) => {
        bounds.push(part.max_pixels);
        return { ...(await demo.media.image(part, request)), original: { width: 2800, height: 1400 } };
      },
    };
    const model = modelOf(media, 16);
    const refused = (limits: PixelLimits) => refuse(model, { type: 'image', image, ...limits });
    expect(await refused({ max_pixels: 1e9 })).toMatchObject({
      actual: '5000 in its pictures and clips so far',
      remedy: 'Lower max_pixels, or show fewer pictures and frames.',
    });
    expect((await refused({ min_pixels: 12_544 }))?.remedy).toMatch(/^Lower min_pixels/);
    await refused({ max_pixels: 28_224 });
    const most = (2 * 16 + 800) * 784;
    expect(bounds).toEqual([most, undefined, 28_224]);
  });

  it('are refused together, as soon as those read fill the context', async () => {
    const media = { image: vi.fn(demo.media.image) };
    const picture = { type: 'image', image } as const;
    const error = await refuse(modelOf(media, 80), picture, picture, picture, picture, picture);
    expect(error).toMatchObject({
      actual: '108 in its pictures and clips so far',
      remedy: expect.stringMatching(/Lower max_pixels/),
    });
    expect(media.image).toHaveBeenCalledTimes(3);
  });

  it('are refused while a clip is read', async () => {
    const part = { type: 'video', video: clip, min_pixels: 1e6 } as const;
    expect(await refuse(modelOf(), part)).toMatchObject({
      actual: /over \d+ in one video/,
      remedy: /Lower min_pixels/,
    });
  });
});

it('a picture that fills the context fits', async () => {
  const picture = { type: 'image', image, resized_height: 168, resized_width: 168 } as const;
  expect(await refuse(modelOf(demo.media, 36), picture)).toBeUndefined();
});
