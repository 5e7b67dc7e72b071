import { randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { access, mkdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { VlmkitError } from '@vlmkit/core';

/** Writes a file whole or not at all: under another name first, renamed when complete. */
export async function writeWhole(path: string, data: Uint8Array | string): Promise<void> {
  const temporary = `${path}.${randomUUID()}.part`;
  try {
    await writeFile(temporary, data);
    await rename(temporary, path);
  } catch (cause) {
    await rm(temporary, { force: true });
    throw cannotWrite(path, cause);
  }
}

/**
 * Checks that a file could be written, before the work whose result it will hold. Nothing is done for no path.
 *
 * @throws VlmkitError when its folder is missing or may not be written, or the path is a folder.
 */
export async function requireWritable(path: string | undefined): Promise<void> {
  if (path === undefined) return;
  try {
    await access(dirname(path), constants.W_OK);
    const found = await stat(path).catch(() => undefined);
    if (found?.isDirectory()) throw new Error('a folder');
  } catch (cause) {
    throw cannotWrite(path, cause);
  }
}

/**
 * Makes a folder, with those above it.
 *
 * @throws VlmkitError when that is not possible.
 */
export async function makeFolder(path: string): Promise<void> {
  await mkdir(path, { recursive: true }).catch((cause: unknown) => {
    throw cannotWrite(path, cause);
  });
}

/**
 * Checks that files could be written into a folder that is there or is to be made, and makes nothing.
 *
 * @throws VlmkitError when it, or the folder that would hold it, may not be written or is a file.
 */
export async function requireWritableFolder(path: string): Promise<void> {
  let folder = resolve(path);
  // The nearest that is there: the others would be made in it.
  while (dirname(folder) !== folder && !(await isThere(folder))) folder = dirname(folder);
  try {
    if (!(await stat(folder)).isDirectory()) throw new Error(`${folder}, which is a file`);
    await access(folder, constants.W_OK);
  } catch (cause) {
    throw cannotWrite(path, cause);
  }
}

function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    // What may not be looked at may not be written either.
    (error: NodeJS.ErrnoException) => error.code !== 'ENOENT' && error.code !== 'ENOTDIR',
  );
}

/** An error of the system about a file that is written, in words for its user. */
export function cannotWrite(path: string, cause: unknown): VlmkitError {
  const { code = '' } = cause as NodeJS.ErrnoException;
  const reason = Object.hasOwn(reasons, code) ? reasons[code] : undefined;
  return new VlmkitError(`${path} cannot be written.`, {
    actual: cause instanceof Error ? cause.message : String(cause),
    remedy: 'Check the folder and its permissions.',
    ...reason,
    cause,
  });
}

/** What is needed and what to do, by the code of the system's error. */
const reasons: Readonly<Record<string, { readonly expected: string; readonly remedy: string }>> = {
  ENOSPC: { expected: 'free space on its disk', remedy: 'Free some, or choose a folder on another disk.' },
  EDQUOT: { expected: 'free space in your quota', remedy: 'Remove files, or choose a folder on another disk.' },
  EACCES: { expected: 'a folder that you may write', remedy: 'Choose another folder, or change its permissions.' },
  EPERM: { expected: 'a folder that you may write', remedy: 'Choose another folder, or change its permissions.' },
  EROFS: { expected: 'a disk that can be written', remedy: 'This one is read-only: choose a folder on another.' },
  ENOENT: { expected: 'a folder that is there', remedy: 'Make the folder first, or choose another.' },
  ENOTDIR: { expected: 'a folder', remedy: 'A file is in its place: choose another folder.' },
};
