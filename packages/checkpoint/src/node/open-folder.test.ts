import { mkdir, mkdtemp, realpath, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigError, WeightError } from '@vlmkit/core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { hubCacheFolder } from './hub-cache.js';
import { openFolder } from './open-folder.js';

let root: string;

beforeEach(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), 'vlmkit-checkpoint-')));
});
afterEach(() => rm(root, { recursive: true, force: true }));

describe('a plain folder', () => {
  it('reads sizes, ranges and text, and says where files lie', async () => {
    await writeFile(join(root, 'a.txt'), 'hällo');
    const files = await openFolder(root);
    expect(await files.has('a.txt')).toBe(true);
    expect(await files.has('b.txt')).toBe(false);
    expect(await files.size('a.txt')).toBe(6);
    expect([...(await files.read('a.txt', 1, 2))]).toEqual([0xc3, 0xa4]);
    expect(await files.readText('a.txt')).toBe('hällo');
    expect(await files.locate?.('a.txt')).toEqual({ directory: root, name: 'a.txt' });
    expect(await files.version?.('a.txt')).toBe(String((await stat(join(root, 'a.txt'))).mtimeMs));
    expect(await files.version?.('b.txt')).toBeUndefined();
    await files.close?.();
    expect(await files.read('a.txt', 0, 1)).toHaveLength(1);
    await files.close?.();
  });

  it('reports a file that shrank', async () => {
    await writeFile(join(root, 'a.bin'), 'abc');
    const files = await openFolder(root);
    await expect(files.read('a.bin', 1, 5)).rejects.toThrow(/a\.bin ended.*Expected 5 bytes from 1\. Found 2 bytes/);
    await files.close?.();
  });

  it('refuses to leave the folder by name or by link', async () => {
    await mkdir(join(root, 'inside'));
    await writeFile(join(root, 'secret'), 'x');
    await symlink('../secret', join(root, 'inside', 'model.safetensors'));
    const files = await openFolder(join(root, 'inside'));
    for (const name of ['../secret', '..', '/etc/passwd', 'a/../../secret', '', 'a\0b']) {
      await expect(files.size(name)).rejects.toBeInstanceOf(WeightError);
    }
    await expect(files.has('model.safetensors')).rejects.toThrow(/is a link to .*secret, outside the checkpoint/);
    await expect(files.read('model.safetensors', 0, 1)).rejects.toBeInstanceOf(WeightError);
  });

  it('follows links that stay inside', async () => {
    await writeFile(join(root, 'real.bin'), 'abc');
    await symlink('real.bin', join(root, 'link.bin'));
    const files = await openFolder(root);
    expect(await files.size('link.bin')).toBe(3);
    expect(await files.locate?.('link.bin')).toEqual({ directory: root, name: 'real.bin' });
    await files.close?.();
  });

  it('does not take a folder for a file', async () => {
    await mkdir(join(root, 'config.json'));
    expect(await (await openFolder(root)).has('config.json')).toBe(false);
  });
});

describe("the hub's cache", () => {
  const commit = '66285546d2b821cf421d4f5eb2576359d3770cd3';
  let repository: string;

  beforeEach(async () => {
    repository = join(root, 'models--org--name');
    const snapshot = join(repository, 'snapshots', commit);
    await Promise.all([mkdir(snapshot, { recursive: true }), mkdir(join(repository, 'blobs'), { recursive: true })]);
    await mkdir(join(repository, 'refs'));
    await writeFile(join(repository, 'refs', 'main'), commit);
    await writeFile(join(repository, 'blobs', 'deadbeef'), 'weights');
    await symlink('../../blobs/deadbeef', join(snapshot, 'model.safetensors'));
  });

  it('opens a repository by id, by its folder and by its snapshot, and follows its links', async () => {
    for (const location of ['org/name', repository, join(repository, 'snapshots', commit)]) {
      const files = await openFolder(location, { cache: root });
      expect(await files.size('model.safetensors')).toBe(7);
      expect(await files.locate?.('model.safetensors')).toEqual({
        directory: join(repository, 'blobs'),
        name: 'deadbeef',
      });
      await files.close?.();
    }
  });

  it('refuses links that leave the repository', async () => {
    await writeFile(join(root, 'secret'), 'x');
    await symlink('../../../secret', join(repository, 'snapshots', commit, 'config.json'));
    const files = await openFolder('org/name', { cache: root });
    await expect(files.readText('config.json')).rejects.toThrow(/outside the checkpoint/);
  });

  it('says what it looked for', async () => {
    await expect(openFolder('org/other', { cache: root })).rejects.toBeInstanceOf(ConfigError);
    await expect(openFolder('org/other', { cache: root })).rejects.toThrow(/models--org--other/);
    await expect(openFolder('org/name', { cache: root, revision: 'v2' })).rejects.toThrow(
      new RegExp(`no snapshot of v2\\. Found ${commit}`),
    );
  });

  it('lies where the environment says', () => {
    expect(hubCacheFolder({ HF_HUB_CACHE: '/x' })).toBe('/x');
    expect(hubCacheFolder({ HF_HOME: '/y' })).toBe(join('/y', 'hub'));
    expect(hubCacheFolder({ XDG_CACHE_HOME: '/z' })).toBe(join('/z', 'huggingface', 'hub'));
  });
});
