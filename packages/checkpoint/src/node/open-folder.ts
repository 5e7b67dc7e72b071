import { type FileHandle, open, realpath, stat } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve, sep } from 'node:path';
import { WeightError } from '@vlmkit/core';
import { assertPlainName, type CheckpointFiles, missingFile } from '../files/checkpoint-files.js';
import { type HubCacheOptions, isFolder, resolveHubRepository, resolveSnapshot } from './hub-cache.js';

/** One read takes at most this much, since the system refuses more than 2 GB at a time. */
const maxReadBytes = 1 << 30;

/**
 * Opens a checkpoint folder on disk. Files outside it are refused, also through links; in a snapshot of the hub's cache,
 * whose files are links to `blobs`, the repository's folder is the boundary.
 *
 * @param location a folder with config.json, a cached repository's folder (`models--org--name`), or a repository's id.
 * @throws ConfigError when there is no such folder or repository.
 */
export async function openFolder(location: string, options: HubCacheOptions = {}): Promise<CheckpointFiles> {
  const folder = await realpath(await resolveLocation(location, options));
  const boundary = hubRepositoryOf(folder) ?? folder;
  const handles = new Map<string, Promise<FileHandle>>();

  /** The file behind a name, or undefined when there is none. */
  const find = async (name: string): Promise<string | undefined> => {
    assertPlainName(name);
    const path = await realpath(join(folder, name)).catch(() => undefined);
    if (path === undefined) return undefined;
    const inside = relative(boundary, path);
    if (inside === '..' || inside.startsWith(`..${sep}`) || resolve(boundary, inside) !== path) {
      throw new WeightError(`${name} in ${location} is a link to ${path}, outside the checkpoint.`, {
        expected: `a file in ${boundary}`,
        remedy: 'Copy the file into the folder, or point at the folder that holds it.',
      });
    }
    return (await stat(path)).isFile() ? path : undefined;
  };
  const locate = async (name: string): Promise<string> => {
    const path = await find(name);
    if (path === undefined) throw missingFile(name, location);
    return path;
  };
  const handleOf = (name: string): Promise<FileHandle> => {
    const known = handles.get(name);
    if (known) return known;
    const opening = locate(name).then((path) => open(path, 'r'));
    handles.set(name, opening);
    opening.catch(() => handles.delete(name));
    return opening;
  };
  return {
    label: location,
    has: async (name) => (await find(name)) !== undefined,
    size: async (name) => (await stat(await locate(name))).size,
    read: async (name, offset, length) => readFully(await handleOf(name), { name, offset, length }),
    async readText(name) {
      const file = await open(await locate(name), 'r');
      try {
        return await file.readFile('utf8');
      } finally {
        await file.close();
      }
    },
    async version(name) {
      const path = await find(name);
      return path === undefined ? undefined : (await stat(path)).mtimeMs.toString();
    },
    async locate(name) {
      const path = await locate(name);
      return { directory: dirname(path), name: basename(path) };
    },
    async close() {
      const open = [...handles.values()];
      handles.clear();
      await Promise.allSettled(open.map(async (handle) => (await handle).close()));
    },
  };
}

async function resolveLocation(location: string, options: HubCacheOptions): Promise<string> {
  if (!(await isFolder(location))) return resolveHubRepository(location, options);
  const isRepository = (await isFolder(join(location, 'snapshots'))) && (await isFolder(join(location, 'blobs')));
  return isRepository ? resolveSnapshot(location, options.revision) : location;
}

/** `…/models--org--name` for a folder `…/models--org--name/snapshots/REVISION`. */
function hubRepositoryOf(folder: string): string | undefined {
  const repository = dirname(dirname(folder));
  const isSnapshot = basename(dirname(folder)) === 'snapshots' && basename(repository).startsWith('models--');
  return isSnapshot ? repository : undefined;
}

async function readFully(
  handle: FileHandle,
  range: { readonly name: string; readonly offset: number; readonly length: number },
): Promise<Uint8Array> {
  const bytes = new Uint8Array(range.length);
  let filled = 0;
  while (filled < range.length) {
    const { bytesRead } = await handle.read(
      bytes,
      filled,
      Math.min(range.length - filled, maxReadBytes),
      range.offset + filled,
    );
    if (bytesRead === 0) {
      throw new WeightError(`${range.name} ended while it was read.`, {
        expected: `${range.length} bytes from ${range.offset}`,
        actual: `${filled} bytes`,
        remedy: 'The file is truncated or has changed since it was opened: download it again.',
      });
    }
    filled += bytesRead;
  }
  return bytes;
}
