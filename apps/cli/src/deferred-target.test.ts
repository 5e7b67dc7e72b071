import type { CheckpointTarget } from '@vlmkit/checkpoint';
import { ConfigError, VlmkitError } from '@vlmkit/core';
import { expect, it } from 'vitest';
import { deferredTarget } from './deferred-target.js';

function failing(code: string): Error {
  return Object.assign(new Error(`${code}: it failed, write`), { code, syscall: 'write' });
}

it('says which folder a full disk holds, and what to do', async () => {
  const file = {
    write: () => Promise.reject(failing('ENOSPC')),
    commit: () => Promise.reject(failing('EROFS')),
    abandon: async () => undefined,
  };
  const folder: Partial<CheckpointTarget> = { create: async () => file };
  const target = deferredTarget('out/q4', async () => folder as CheckpointTarget);
  const opened = await target.create('model.safetensors');
  const full = opened.write(new Uint8Array(1));
  await expect(full).rejects.toBeInstanceOf(VlmkitError);
  await expect(full).rejects.toThrow(
    /^out\/q4 cannot be written\. Expected free space.*Found ENOSPC.*choose a folder on another disk/,
  );
  await expect(opened.commit()).rejects.toThrow(/read-only/);
});

it('does so where the folder cannot be made, and leaves errors in words as they are', async () => {
  const forbidden = deferredTarget('/q4', () => Promise.reject(failing('EACCES')));
  await expect(forbidden.list()).rejects.toThrow(/^\/q4 cannot be written\. Expected a folder that you may write/);
  const occupied = new ConfigError('q4 is not empty.');
  await expect(deferredTarget('q4', () => Promise.reject(occupied)).list()).rejects.toBe(occupied);
});

it('closes what it opened, and nothing else', async () => {
  let closed = 0;
  const folder: Partial<CheckpointTarget> = { list: async () => [], close: async () => void closed++ };
  await deferredTarget('q4', async () => folder as CheckpointTarget).close?.();
  expect(closed).toBe(0);
  const target = deferredTarget('q4', async () => folder as CheckpointTarget);
  await target.list();
  await target.close?.();
  expect(closed).toBe(1);
  const forbidden = deferredTarget('/q4', () => Promise.reject(failing('EACCES')));
  await expect(forbidden.list()).rejects.toThrow(/cannot be written/);
  await forbidden.close?.();
});
