import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigError } from '@vlmkit/core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { claimFolder, isClaim, removeClaims } from './folder-claim.js';

let root: string;
let folder: string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'vlmkit-claim-'));
  folder = join(root, 'q4');
});
afterEach(() => rm(root, { recursive: true, force: true }));

/** The name of a claim of this process, changed in one part: 0 is the host, 1 the process, 2 its start. */
async function changedClaim(part: number, value: string): Promise<string> {
  const claim = await claimFolder(folder, 'q4');
  const [name = ''] = await readdir(folder);
  await claim.release();
  const [, host = '', ...rest] = /^(.+)\.(\d+)\.(\d*)\.([^.]+)\.claim$/.exec(name) ?? [];
  return `${[host, ...rest].with(part, value).join('.')}.claim`;
}

describe('claimFolder', () => {
  it('gives a folder to one at a time, and takes it away where nothing is in it', async () => {
    const claim = await claimFolder(folder, 'q4');
    expect((await readdir(folder)).every(isClaim)).toBe(true);
    const second = claimFolder(folder, 'q4');
    await expect(second).rejects.toBeInstanceOf(ConfigError);
    await expect(second).rejects.toThrow(/^q4 is being written by another conversion\..*Wait until it ends/);
    expect(await readdir(folder)).toHaveLength(1);
    await claim.release();
    expect(await readdir(root)).toEqual([]);
    const third = await claimFolder(folder, 'q4');
    await writeFile(join(folder, 'a'), '');
    await third.release();
    expect(await readdir(folder)).toEqual(['a']);
  });

  it('never gives it to two that come at once', async () => {
    for (let round = 0; round < 10; round++) {
      const claims = await Promise.allSettled(Array.from({ length: 4 }, () => claimFolder(folder, 'q4')));
      const won = claims.filter((claim) => claim.status === 'fulfilled');
      expect(won.length).toBeLessThanOrEqual(1);
      await Promise.all(won.map(({ value }) => value.release()));
    }
  });

  it('heeds no claim of a process that is gone', async () => {
    // Above any number that a system gives.
    const gone = await changedClaim(1, String(2 ** 31 - 1));
    await mkdir(folder);
    await writeFile(join(folder, gone), '');
    const claim = await claimFolder(folder, 'q4');
    expect(await readdir(folder)).not.toContain(gone);
    await claim.release();
  });

  it('tells a process from an earlier one of the same number, where the system does', async () => {
    const started = await readFile('/proc/self/stat').catch(() => undefined);
    if (!started) return;
    const earlier = await changedClaim(2, '1');
    await mkdir(folder);
    await writeFile(join(folder, earlier), '');
    const claim = await claimFolder(folder, 'q4');
    expect(await readdir(folder)).not.toContain(earlier);
    await claim.release();
  });

  it('leaves it to people whether a process of another machine still runs', async () => {
    const elsewhere = await changedClaim(0, 'other.example');
    await mkdir(folder);
    await writeFile(join(folder, elsewhere), '');
    const refused = await claimFolder(folder, 'q4').catch((error: unknown) => error);
    expect(refused).toMatchObject({
      message: expect.stringMatching(
        /one of process \d+ on other\.example at work.*If it does not run any more, remove/,
      ),
      remedy: expect.stringContaining(join(folder, elsewhere)),
    });
    await removeClaims(folder);
    expect(await readdir(folder)).toEqual([]);
  });
});
