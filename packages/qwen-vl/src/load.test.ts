import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Checkpoint, filesFromMemory, openCheckpoint } from '@vlmkit/checkpoint';
import { openFolder } from '@vlmkit/checkpoint/node';
import { ConfigError } from '@vlmkit/core';
import { checkpointPath, readSamples, samplesPath } from '@vlmkit/demo-model';
import { expect, it } from 'vitest';
import { type LoadQwenVLOptions, loadQwenVL, readModelInfo } from './load.js';
import { createNodeMedia } from './node/index.js';

const stated = JSON.parse(await readFile(join(checkpointPath(), 'preprocessor_config.json'), 'utf8'));
const { min_pixels, max_pixels, ...cut } = stated;

/** The demo checkpoint with other preprocessor files. */
async function checkpointWith(files: Readonly<Record<string, unknown>>): Promise<Checkpoint> {
  const texts = Object.entries(files).map(([name, json]): [string, string] => [name, JSON.stringify(json)]);
  const other = filesFromMemory(new Map(texts));
  const demo = await openFolder(checkpointPath());
  const isOther = (name: string) => name.endsWith('processor_config.json');
  return openCheckpoint({
    ...demo,
    has: (name) => (isOther(name) ? other : demo).has(name),
    readText: (name) => (isOther(name) ? other : demo).readText(name),
  });
}

async function visionOf(files: Readonly<Record<string, unknown>>) {
  const checkpoint = await checkpointWith(files);
  try {
    return (await readModelInfo(checkpoint)).vision;
  } finally {
    await checkpoint.close();
  }
}

it('reads the settings of pictures from either layout', async () => {
  const published = await visionOf({ 'preprocessor_config.json': stated });
  expect(published?.image).toMatchObject({ minPixels: min_pixels, maxPixels: max_pixels, patchSize: 14 });
  // What save_pretrained of transformers 5 writes.
  const size = { shortest_edge: min_pixels, longest_edge: max_pixels };
  const joint = { image_processor: { ...cut, size }, processor_class: 'Qwen2_5_VLProcessor' };
  expect(await visionOf({ 'processor_config.json': joint })).toEqual(published);
});

it("gives frames of clips Qwen's own limits, whatever transformers wrote of them", async () => {
  const written = [
    { min_pixels: 7056, max_pixels: 12_544 },
    // save_pretrained copies the limits of pictures.
    { size: { shortest_edge: 3136, longest_edge: 12_845_056 } },
  ];
  const media = createNodeMedia({ baseDirectory: samplesPath() });
  const video = (await readSamples()).find((sample) => sample.video)!.video!.frames;
  const sizeOf = async (json: unknown, limits = {}) => {
    const files = { 'preprocessor_config.json': stated, 'video_preprocessor_config.json': json };
    const { resized } = await media.video({ type: 'video', video, ...limits }, { vision: (await visionOf(files))! });
    return resized;
  };
  // 112 x 112 pixels, enlarged to at least 128 tokens of 28 x 28.
  for (const json of written) expect(await sizeOf(json)).toEqual({ width: 336, height: 336 });
  const own = { ...written[1], frame_limits: { min_pixels: 7056, max_pixels: 12_544 } };
  expect(await sizeOf(own)).toEqual({ width: 112, height: 112 });
  expect(await sizeOf(own, { min_pixels: 3136, max_pixels: 7056 })).toEqual({ width: 84, height: 84 });
  await expect(sizeOf({ frame_limits: { max_pixels: 7056 } })).rejects.toThrow(/frame_limits.*min_pixels/);
  await media.dispose();
});

it('says which files it looked for', async () => {
  const refused = visionOf({ 'processor_config.json': { processor_class: 'Qwen2_5_VLProcessor' } });
  await expect(refused).rejects.toBeInstanceOf(ConfigError);
  await expect(refused).rejects.toThrow(/no preprocessor_config\.json.*processor_config\.json with an image_processor/);
});

it('refuses precisions that it does not know, before anything is loaded', async () => {
  const load = (options: object) => loadQwenVL(options as LoadQwenVLOptions);
  await expect(load({ dtype: 'q4' })).rejects.toThrow(
    /dtype.*float32, float16.*"q4".*vlmkit convert.*quantizeCheckpoint/,
  );
  await expect(load({ visionDtype: 'bf16' })).rejects.toThrow(/visionDtype.*int8.*"bf16"/);
});
