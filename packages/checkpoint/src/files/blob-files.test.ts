import { Blob, File } from 'node:buffer';
import { WeightError } from '@vlmkit/core';
import { describe, expect, it } from 'vitest';
import { filesFromBlobs } from './blob-files.js';
import { filesFromMemory } from './memory-files.js';

const blobs = filesFromBlobs(new Map([['a.txt', new Blob(['hällo'])]]));
const memory = filesFromMemory(new Map([['a.txt', 'hällo']]));

describe.each([
  ['filesFromBlobs', blobs],
  ['filesFromMemory', memory],
])('%s', (_, files) => {
  it('reads sizes, ranges and text', async () => {
    expect(await files.has('a.txt')).toBe(true);
    expect(await files.has('b.txt')).toBe(false);
    expect(await files.size('a.txt')).toBe(6);
    expect([...(await files.read('a.txt', 1, 2))]).toEqual([0xc3, 0xa4]);
    expect(await files.readText('a.txt')).toBe('hällo');
  });

  it('refuses missing files and ranges outside them', async () => {
    await expect(files.size('b.txt')).rejects.toBeInstanceOf(WeightError);
    await expect(files.read('a.txt', 0, 7)).rejects.toThrow(/its 6 bytes/);
    await expect(files.read('a.txt', -1, 2)).rejects.toBeInstanceOf(WeightError);
  });
});

it('tells versions of Files apart, by the time of their last change', async () => {
  const file = new File(['x'], 'a.txt', { lastModified: 7 });
  expect(await filesFromBlobs(new Map([['a.txt', file]])).version?.('a.txt')).toBe('7');
  expect(await blobs.version?.('a.txt')).toBeUndefined();
  expect(await blobs.version?.('b.txt')).toBeUndefined();
});
