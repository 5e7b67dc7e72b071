import { randomUUID } from 'node:crypto';
import { rename, rm, writeFile } from 'node:fs/promises';
import { VlmkitError } from '@vlmkit/core';

/** Writes a file whole or not at all: under another name first, renamed when complete. */
export async function writeWhole(path: string, data: Uint8Array | string): Promise<void> {
  const temporary = `${path}.${randomUUID()}.part`;
  try {
    await writeFile(temporary, data);
    await rename(temporary, path);
  } catch (cause) {
    await rm(temporary, { force: true });
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new VlmkitError(`${path} cannot be written.`, {
      actual: reason,
      remedy: 'Check the folder and its permissions.',
      cause,
    });
  }
}
