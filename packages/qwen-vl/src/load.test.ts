import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Checkpoint, filesFromMemory, openCheckpoint } from '@vlmkit/checkpoint';
import { openFolder } from '@vlmkit/checkpoint/node';
import { ConfigError } from '@vlmkit/core';
import { checkpointPath } from '@vlmkit/demo-model';
import { expect, it } from 'vitest';
import { readModelInfo } from './load.js';

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

it('says which files it looked for', async () => {
  const refused = visionOf({ 'processor_config.json': { processor_class: 'Qwen2_5_VLProcessor' } });
  await expect(refused).rejects.toBeInstanceOf(ConfigError);
  await expect(refused).rejects.toThrow(/no preprocessor_config\.json.*processor_config\.json with an image_processor/);
});
