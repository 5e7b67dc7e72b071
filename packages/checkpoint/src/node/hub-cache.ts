import { readdir, readFile, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { ConfigError } from '@vlmkit/core';

/** Where to look for a repository of the Hugging Face hub. */
export interface HubCacheOptions {
  /** A branch, tag or commit; `main` when left out. */
  readonly revision?: string | undefined;
  /** The cache folder; HF_HUB_CACHE, HF_HOME/hub or ~/.cache/huggingface/hub when left out. */
  readonly cache?: string | undefined;
}

/** The hub's cache folder, by the hub client's own rules. */
export function hubCacheFolder(environment: NodeJS.ProcessEnv = process.env): string {
  if (environment.HF_HUB_CACHE) return environment.HF_HUB_CACHE;
  const home = environment.HF_HOME ?? join(environment.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'huggingface');
  return join(home, 'hub');
}

/**
 * The snapshot folder of a repository that the hub's client has downloaded.
 *
 * @param repository such as `Qwen/Qwen2.5-VL-3B-Instruct`.
 * @throws ConfigError when the cache does not hold it.
 */
export async function resolveHubRepository(repository: string, options: HubCacheOptions = {}): Promise<string> {
  const cache = options.cache ?? hubCacheFolder();
  const folder = join(cache, `models--${repository.replaceAll('/', '--')}`);
  if (await isFolder(folder)) return resolveSnapshot(folder, options.revision);
  throw new ConfigError(`${repository} is neither a folder nor a repository in the hub's cache.`, {
    expected: `a folder of that name, or ${folder}`,
    remedy: 'Check the path, or download the repository with the hub client.',
  });
}

/**
 * The snapshot of a cached repository (`models--org--name`): `refs/REVISION` names its commit, which names its folder.
 *
 * @throws ConfigError when the revision is not there.
 */
export async function resolveSnapshot(repositoryFolder: string, revision = 'main'): Promise<string> {
  const snapshots = join(repositoryFolder, 'snapshots');
  const commit = await readFile(join(repositoryFolder, 'refs', revision), 'utf8').then(
    (text) => text.trim(),
    () => revision,
  );
  const present = await readdir(snapshots).catch((): string[] => []);
  if (present.includes(commit)) return join(snapshots, commit);
  throw new ConfigError(`${repositoryFolder} has no snapshot of ${revision}.`, {
    actual: present.length > 0 ? present.join(', ') : 'no snapshots',
    remedy: 'Download the repository, or name one of its revisions.',
  });
}

/** Whether a path is a folder (or a link to one). */
export async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (entry) => entry.isDirectory(),
    () => false,
  );
}
