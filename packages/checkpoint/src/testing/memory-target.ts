import type { CheckpointTarget } from '../convert/target.js';

/** A {@link CheckpointTarget} in memory, and what became of it. */
export interface MemoryTarget {
  readonly target: CheckpointTarget;
  /** Bytes of the committed files, by name. */
  readonly committed: Map<string, Uint8Array>;
  /** Files that are neither committed nor abandoned. */
  readonly open: ReadonlySet<string>;
  isFinished(): boolean;
  isClosed(): boolean;
}

/** A target in memory that shows what has been committed. */
export function memoryTarget(): MemoryTarget {
  const committed = new Map<string, Uint8Array>();
  const open = new Set<string>();
  let finished = false;
  let closed = false;
  const target: CheckpointTarget = {
    label: 'memory',
    list: async () => [...committed.keys()],
    async create(name) {
      const parts: Uint8Array[] = [];
      open.add(name);
      return {
        write: async (bytes) => void parts.push(bytes.slice()),
        commit: async () => {
          open.delete(name);
          committed.set(name, new Uint8Array(Buffer.concat(parts)));
        },
        abandon: async () => void open.delete(name),
      };
    },
    size: async (name) => committed.get(name)?.byteLength,
    readText: async (name) => {
      const bytes = committed.get(name);
      return bytes && new TextDecoder().decode(bytes);
    },
    remove: async (name) => void committed.delete(name),
    finish: async () => {
      finished = true;
    },
    close: async () => {
      closed = true;
    },
  };
  return { target, committed, open, isFinished: () => finished, isClosed: () => closed };
}
