import { open, readdir, readFile, rename, rm, rmdir, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { ConfigError } from '@vlmkit/core';
import type { CheckpointTarget, TargetFile } from '../convert/target.js';
import { assertPlainName } from '../files/checkpoint-files.js';
import { claimFolder, isClaim, removeClaims } from './folder-claim.js';

/**
 * A folder that a conversion writes. The work happens beside it, in `PATH.partial`, which takes the folder's name at the
 * end; an interrupted conversion leaves only `PATH.partial` behind, for the next attempt. Until it is finished or closed, or
 * its process ends, no other target may write there.
 *
 * @throws ConfigError when there is something at `path` already, or another target writes it.
 */
export async function folderTarget(path: string): Promise<CheckpointTarget> {
  const folder = resolve(path);
  const work = `${folder}.partial`;
  await refuseOccupied(folder);
  const claim = await claimFolder(work, path);
  try {
    // What had the claim before may have finished since the first look.
    await refuseOccupied(folder);
    await removeStray(work);
  } catch (error) {
    await claim.release();
    throw error;
  }
  let ended = false;
  const requireOpen = (): void => {
    if (!ended) return;
    throw new ConfigError(`This target has given ${path} free.`, {
      remedy: 'Make another target for another attempt.',
    });
  };
  const pathOf = (name: string): string => {
    requireOpen();
    assertPlainName(name);
    return join(work, name);
  };
  return {
    label: path,
    list: async () => (await readdir(work)).filter((name) => !name.endsWith(temporarySuffix) && !isClaim(name)),
    create: (name) => createFile(pathOf(name)),
    size: (name) =>
      stat(pathOf(name)).then(
        (entry) => entry.size,
        () => undefined,
      ),
    readText: (name) => readFile(pathOf(name), 'utf8').catch(() => undefined),
    remove: (name) => rm(pathOf(name), { recursive: true, force: true }),
    async finish() {
      requireOpen();
      await refuseOccupied(folder);
      await removeStray(work);
      await rmdir(folder).catch(() => undefined);
      await rename(work, folder);
      ended = true;
      // Not before: another conversion could begin in what is about to be moved.
      await removeClaims(folder);
      await syncFolder(dirname(folder));
    },
    async close() {
      if (ended) return;
      ended = true;
      await claim.release();
    },
  };
}

const temporarySuffix = '.writing';

async function createFile(path: string): Promise<TargetFile> {
  const temporary = path + temporarySuffix;
  const handle = await open(temporary, 'w');
  return {
    write: (bytes) => handle.writeFile(bytes),
    async commit() {
      // The bytes must be on the disk before the name is: after a power failure a named file is a whole one.
      await handle.sync();
      await handle.close();
      await rename(temporary, path);
    },
    async abandon() {
      await handle.close().catch(() => undefined);
      await rm(temporary, { force: true });
    },
  };
}

/** Removes what a killed process left half-written. */
async function removeStray(folder: string): Promise<void> {
  const names = await readdir(folder);
  const stray = names.filter((name) => name.endsWith(temporarySuffix));
  await Promise.all(stray.map((name) => rm(join(folder, name), { force: true })));
}

async function refuseOccupied(folder: string): Promise<void> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException): readonly string[] => {
    if (error.code === 'ENOENT') return [];
    throw new ConfigError(`${folder} cannot be used as a folder.`, { actual: error.message, cause: error });
  });
  if (names.length === 0) return;
  throw new ConfigError(`${folder} is not empty.`, {
    expected: 'a new or empty folder',
    actual: `${names.length} files`,
    remedy: 'Choose another folder, or remove this one.',
  });
}

/** Makes the folder's new name durable, where the system can. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r').catch(() => undefined);
  await handle?.sync().catch(() => undefined);
  await handle?.close();
}
