import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { samplesPath } from '@vlmkit/demo-model';
import sharp from 'sharp';
import { expect, it } from 'vitest';
import { drawGrounding, drawnFormat } from './draw-grounding.js';
import { runCli } from './testing/run-cli.js';
import { UsageError } from './usage-error.js';

const image = join(samplesPath(), 'shapes1.png');

it('draws in the format that the name asks for', async () => {
  const items = [{ kind: 'box', label: 'circle', box: [10, 10, 50, 50], resized: [10, 10, 50, 50], image: 0 }] as const;
  for (const [name, format] of [
    ['a.png', 'png'],
    ['a.JPG', 'jpeg'],
    ['a.jpeg', 'jpeg'],
    ['a.webp', 'webp'],
  ] as const) {
    const drawn = await drawGrounding(image, items, drawnFormat(name));
    expect((await sharp(drawn).metadata()).format).toBe(format);
  }
});

it('refuses other formats before the model is loaded', async () => {
  for (const name of ['a.bmp', 'a']) expect(() => drawnFormat(name)).toThrow(UsageError);
  const { code, stderr } = await runCli(['ground', image, 'circle', '--out', 'x.gif', '--model', 'nowhere']);
  expect(stderr).toMatch(/^error: The format of x\.gif cannot be drawn\. Expected a name that ends in \.png/);
  expect(code).toBe(2);
});

it('says which files it wrote', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'vlmkit-ground-'));
  try {
    const [out, coco] = [join(folder, 'a.jpg'), join(folder, 'a.json')];
    const args = ['ground', image, 'red circle', '--out', out, '--coco', coco, '--device', 'cpu'];
    const { stderr } = await runCli(args);
    expect(stderr).toContain(`✔ Wrote ${out}\n✔ Wrote ${coco}\n`);
    expect((await sharp(out).metadata()).format).toBe('jpeg');
    expect(JSON.parse(await readFile(coco, 'utf8')).annotations).toHaveLength(1);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

it('writes a contact sheet in the format of its ending', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'vlmkit-sheet-'));
  try {
    const sheet = join(folder, 'a.jpg');
    const { code } = await runCli(['video', image, image, 'What?', '--sheet', sheet, '--device', 'cpu']);
    expect(code).toBe(0);
    expect((await sharp(sheet).metadata()).format).toBe('jpeg');
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
