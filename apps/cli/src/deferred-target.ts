import type { CheckpointTarget } from '@vlmkit/checkpoint';
import { folderTarget } from '@vlmkit/checkpoint/node';

/**
 * The folder that a conversion writes, made when the conversion first asks for it: one that is refused before leaves
 * nothing behind.
 */
export function deferredTarget(path: string): CheckpointTarget {
  let opened: Promise<CheckpointTarget> | undefined;
  const target = () => {
    opened ??= folderTarget(path);
    return opened;
  };
  return {
    label: path,
    list: async () => (await target()).list(),
    create: async (name) => (await target()).create(name),
    size: async (name) => (await target()).size(name),
    readText: async (name) => (await target()).readText(name),
    remove: async (name) => (await target()).remove(name),
    finish: async () => (await target()).finish(),
  };
}
