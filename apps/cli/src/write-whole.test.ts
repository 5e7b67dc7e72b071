import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { runCli } from './testing/run-cli.js';
import { makeFolder, requireWritableFolder } from './write-whole.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vlmkit-write-'));
  await writeFile(join(folder, 'file'), '');
});
afterAll(() => rm(folder, { recursive: true, force: true }));

it('looks at the nearest folder that is there, and makes none', async () => {
  await requireWritableFolder(folder);
  await requireWritableFolder(join(folder, 'a', 'b'));
  expect(await readdir(folder)).toEqual(['file']);
  for (const path of [join(folder, 'file'), join(folder, 'file', 'b')]) {
    await expect(requireWritableFolder(path)).rejects.toThrow(/cannot be written\. Found .*file, which is a file/);
    await expect(makeFolder(path)).rejects.toThrow(/cannot be written/);
  }
});

it('demo tells before it answers that its folder cannot be written', async () => {
  const { code, stdout, stderr } = await runCli(['demo', '--device', 'cpu', '--out', join(folder, 'file', 'out')]);
  expect(stderr).toMatch(/^error: .*out cannot be written/);
  expect([code, stdout]).toEqual([1, '']);
});
