import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { folderTarget } from '@vlmkit/checkpoint/node';
import { checkpointPath } from '@vlmkit/demo-model';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCli } from '../testing/run-cli.js';
import { size } from './convert.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vlmkit-convert-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('vlmkit convert', () => {
  it('leaves nothing where it refuses', async () => {
    const refused = await runCli([
      'convert',
      checkpointPath(),
      join(folder, 'a'),
      '--dtype',
      'fp16',
      '--prefill-dtype',
      'int8',
    ]);
    expect(refused.code).toBe(1);
    expect(await readdir(folder)).toEqual([]);
  });

  it('refuses blocks of weights that are not quantised', async () => {
    const fp16 = ['convert', checkpointPath(), join(folder, 'a'), '--dtype', 'fp16', '--block-size', '32'];
    const { code, stderr } = await runCli(fp16);
    expect(stderr).toMatch(/^error: --block-size is of quantised weights/);
    expect(code).toBe(2);
    expect(await readdir(folder)).toEqual([]);
  });

  it('tells sizes that say something, and refuses what is quantised already or occupied', async () => {
    const out = join(folder, 'b');
    const { code, stderr } = await runCli(['convert', checkpointPath(), out]);
    expect(stderr).toMatch(/Wrote .*: [\d.]+ MB became [\d.]+ MB in 1 file/);
    expect(code).toBe(0);
    const again = await runCli(['convert', out, join(folder, 'c')]);
    expect(again.stderr).toMatch(/^error: .*quantised/m);
    expect(again.code).toBe(1);
    const occupied = await runCli(['convert', checkpointPath(), out]);
    expect(occupied.code).toBe(1);
    expect(await readdir(folder)).toEqual(['b']);
    await writeFile(join(folder, 'd'), '');
    expect((await runCli(['convert', checkpointPath(), join(folder, 'd')])).code).toBe(1);
  });

  it('refuses a folder that another conversion writes, and leaves that one alone', async () => {
    const out = join(folder, 'e');
    const other = await folderTarget(out);
    const file = await other.create('model.safetensors');
    await file.write(new Uint8Array(1000));
    const { code, stderr } = await runCli(['convert', checkpointPath(), out]);
    expect(stderr).toMatch(
      new RegExp(`^error: .*e is being written by another conversion\\..* process ${process.pid}`, 'm'),
    );
    expect(code).toBe(1);
    await file.commit();
    await other.finish();
    expect((await stat(join(out, 'model.safetensors'))).size).toBe(1000);
    expect(await readdir(out)).toEqual(['model.safetensors']);
  });

  it('states sizes in the unit that fits', () => {
    expect([4_100_000, 999_900_000, 1.5e9].map(size)).toEqual(['4.1 MB', '999.9 MB', '1.50 GB']);
  });
});
