import { readdir, realpath } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { UsageError } from './usage-error.js';

/** A file that a command writes. */
export interface OutputFile {
  /** Its option, e.g. `--out`. */
  readonly flag: string;
  /** None where the option is not given. */
  readonly path: string | undefined;
}

/**
 * Checks that what a command writes replaces neither what it reads nor what it writes beside it. Paths are compared as
 * they are on the disk: links and spellings of one file count as the same.
 *
 * @throws UsageError for the first that would.
 */
export async function requireDistinct(outputs: readonly OutputFile[], inputs: readonly string[]): Promise<void> {
  const taken = new Map<string, string>();
  for (const input of inputs) taken.set(await realPathOf(input), 'which is read');
  for (const { flag, path } of outputs) {
    if (path === undefined) continue;
    const real = await realPathOf(path);
    const use = taken.get(real);
    if (use !== undefined) {
      throw new UsageError(`${flag} would replace a file that is in use.`, {
        expected: 'a file of its own',
        actual: `${path}, ${use}`,
        remedy: `Give ${flag} another name.`,
      });
    }
    taken.set(real, `which ${flag} writes`);
  }
}

/** The files of a model's folder; none where it is named in another way. */
export async function filesOfModel(folder: string): Promise<readonly string[]> {
  const names = await readdir(folder).catch(() => []);
  return names.map((name) => join(folder, name));
}

/** The path of what is there, or of what would be made there. */
async function realPathOf(path: string): Promise<string> {
  const absolute = resolve(path);
  return realpath(absolute).catch(async () => {
    const folder = dirname(absolute);
    return join(await realpath(folder).catch(() => folder), basename(absolute));
  });
}
