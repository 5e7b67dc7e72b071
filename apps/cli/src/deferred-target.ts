import type { CheckpointTarget, TargetFile } from '@vlmkit/checkpoint';
import { folderTarget } from '@vlmkit/checkpoint/node';
import { cannotWrite } from './write-whole.js';

/**
 * The folder that a conversion writes, made when the conversion first asks for it: one that is refused before leaves
 * nothing behind. What the system says about its files (a full disk) becomes an error that names the folder.
 */
export function deferredTarget(path: string, open = folderTarget): CheckpointTarget {
  let opened: Promise<CheckpointTarget> | undefined;
  const onTarget = <T>(work: (target: CheckpointTarget) => Promise<T>): Promise<T> => {
    opened ??= open(path);
    return inWords(path, opened.then(work));
  };
  return {
    label: path,
    list: () => onTarget((target) => target.list()),
    create: (name) => onTarget(async (target) => fileInWords(path, await target.create(name))),
    size: (name) => onTarget((target) => target.size(name)),
    readText: (name) => onTarget((target) => target.readText(name)),
    remove: (name) => onTarget((target) => target.remove(name)),
    finish: () => onTarget((target) => target.finish()),
    close: async () => {
      // One that could not be opened has said so already.
      const target = await opened?.catch(() => undefined);
      await inWords(path, Promise.resolve(target?.close?.()));
    },
  };
}

function fileInWords(path: string, file: TargetFile): TargetFile {
  return {
    write: (bytes) => inWords(path, file.write(bytes)),
    commit: () => inWords(path, file.commit()),
    abandon: () => inWords(path, file.abandon()),
  };
}

async function inWords<T>(path: string, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw error instanceof Error && 'syscall' in error ? cannotWrite(path, error) : error;
  }
}
