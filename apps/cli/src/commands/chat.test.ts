import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { samplesPath } from '@vlmkit/demo-model';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCli } from '../testing/run-cli.js';

const image = join(samplesPath(), 'shapes1.png');
const chat = (input: string, ...args: readonly string[]) => runCli(['chat', '--device', 'cpu', ...args], { input });

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vlmkit chat '));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('vlmkit chat', () => {
  it('takes paths in quotes, with spaces, and says that it reads', async () => {
    const spaced = join(folder, 'with space.png');
    await copyFile(image, spaced);
    const described = await runCli(['describe', image, '--device', 'cpu']);
    for (const path of [`"${spaced}"`, `'${spaced}'`, spaced]) {
      const { code, stdout, stderr } = await chat(`/image ${path}\nDescribe this image.\n`);
      expect(stdout).toBe(described.stdout);
      expect(stderr).toMatch(/Reading the prompt/);
      expect(code).toBe(0);
    }
  });

  it('ends a script at a command that there is not', async () => {
    for (const line of ['/imgae a.png', '/image']) {
      const { code, stdout, stderr } = await chat(`${line}\nDescribe this image.\n`);
      expect(stderr).toMatch(/^error: \/im\w+ cannot be done\. Expected \/image PATH/m);
      expect([code, stdout]).toEqual([1, '']);
    }
    expect((await chat('/help\n')).code).toBe(0);
  });

  it('fails as a script where something cannot be read', async () => {
    const words = join(folder, 'words.png');
    await writeFile(words, 'These are words.');
    const runs = [
      await chat('Describe this image.\n', '--image', words),
      await chat(`/image ${join(folder, 'gone.png')}\nHello!\n`),
      await chat(`/video ${folder}/none.mp4\nHello!\n`),
    ];
    expect(runs.map(({ code, stdout }) => [code, stdout])).toEqual([
      [1, ''],
      [1, ''],
      [1, ''],
    ]);
    expect(runs[0]!.stderr).toMatch(/^error: .*words\.png is not a picture/m);
    expect(runs[1]!.stderr).toMatch(/^error: .*gone\.png cannot be read/m);
  });
});
