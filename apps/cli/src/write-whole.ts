import { randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { access, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
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

function cannotWrite(path: string, cause: unknown): VlmkitError {
  return new VlmkitError(`${path} cannot be written.`, {
    actual: cause instanceof Error ? cause.message : String(cause),
    remedy: 'Check the folder and its permissions.',
    cause,
  });
}
