import { mkdir, open, readdir, readFile, rename, rm, rmdir, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { ConfigError } from '@vlmkit/core';
import type { CheckpointTarget, TargetFile } from '../convert/target.js';
import { assertPlainName } from '../files/checkpoint-files.js';

/**
 * A folder that a conversion writes. The work happens beside it, in `PATH.partial`, which takes the folder's name at the
 * end; an interrupted conversion leaves only `PATH.partial` behind, for the next attempt.
 *
 * @throws ConfigError when there is something at `path` already.
 */
export async function folderTarget(path: string): Promise<CheckpointTarget> {
  const folder = resolve(path);
  const work = `${folder}.partial`;
  await refuseOccupied(folder);
  await mkdir(work, { recursive: true });
  await removeStray(work);
  const pathOf = (name: string): string => {
    assertPlainName(name);
    return join(work, name);
  };
  return {
    label: path,
    list: async () => (await readdir(work)).filter((name) => !name.endsWith(temporarySuffix)),
    create: (name) => createFile(pathOf(name)),
    size: (name) =>
      stat(pathOf(name)).then(
        (entry) => entry.size,
        () => undefined,
      ),
    readText: (name) => readFile(pathOf(name), 'utf8').catch(() => undefined),
    remove: (name) => rm(pathOf(name), { recursive: true, force: true }),
    async finish() {
      await refuseOccupied(folder);
      await removeStray(work);
      await rmdir(folder).catch(() => undefined);
      await rename(work, folder);
      await syncFolder(dirname(folder));
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
