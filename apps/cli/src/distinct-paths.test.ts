import { copyFile, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { checkpointPath, samplesPath } from '@vlmkit/demo-model';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { requireDistinct } from './distinct-paths.js';
import { runCli } from './testing/run-cli.js';
import { UsageError } from './usage-error.js';

let folder: string;
let picture: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vlmkit-distinct-'));
  picture = join(folder, 'mine.png');
  await copyFile(join(samplesPath(), 'shapes1.png'), picture);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('requireDistinct', () => {
  it('knows a file by its path on the disk', async () => {
    await symlink(folder, join(folder, 'link'));
    await mkdir(join(folder, 'sub'));
    const same = [
      picture,
      join(folder, 'link', 'mine.png'),
      `${folder}/sub/../mine.png`,
      relative(process.cwd(), picture),
    ];
    for (const path of same) {
      const refused = requireDistinct([{ flag: '--out', path }], [picture]);
      await expect(refused).rejects.toThrow(UsageError);
      await expect(refused).rejects.toThrow(/--out would replace a file.*mine\.png, which is read/);
    }
    await requireDistinct([{ flag: '--out', path: join(folder, 'other.png') }], [picture]);
  });

  it('compares outputs that are not there yet', async () => {
    const outputs = [
      { flag: '--out', path: join(folder, 'new') },
      { flag: '--coco', path: join(folder, 'link', 'new') },
    ];
    await expect(requireDistinct(outputs, [])).rejects.toThrow(/--coco would replace.*which --out writes/);
    await requireDistinct([outputs[0]!, { flag: '--coco', path: undefined }], []);
  });
});

it('vlmkit replaces nothing that it reads or writes', async () => {
  const messages = join(folder, 'ok.json');
  const conversation = JSON.stringify([{ role: 'user', content: [{ type: 'image', image: 'mine.png' }] }]);
  await writeFile(messages, conversation);
  const before = await readFile(picture);
  const drawn = join(folder, 'drawn.png');
  const inspect = ['inspect', '--messages', messages, '--out'];
  for (const args of [
    ['ground', picture, 'circle', '--out', picture],
    ['ground', picture, 'circle', '--out', drawn, '--coco', drawn],
    ['ground', picture, 'circle', '--out', drawn, '--coco', picture],
    ['video', picture, picture, 'What?', '--sheet', picture],
    [...inspect, messages],
    [...inspect, picture],
    [...inspect, join(checkpointPath(), 'model.safetensors')],
  ]) {
    const { code, stderr } = await runCli([...args, '--device', 'cpu']);
    expect(stderr).toMatch(/^error: --\w+ would replace a file that is in use/);
    expect(code).toBe(2);
  }
  expect(await readFile(picture)).toEqual(before);
  expect(await readFile(messages, 'utf8')).toBe(conversation);
});
