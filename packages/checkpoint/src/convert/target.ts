import type { ByteSink } from '../safetensors/writer.js';

/**
 * A checkpoint in the making. Until `finish`, nothing of it is where a reader would find it; what was committed is kept, so
 * that a later conversion can go on from there.
 */
export interface CheckpointTarget {
  /** Where it will be, for messages. */
  readonly label: string;
  /** Names of the committed files, those of earlier attempts included. */
  list(): Promise<readonly string[]>;
  /** Starts a file. It has its name only once it is committed, and replaces one of the same name then. */
  create(name: string): Promise<TargetFile>;
  /** Length of a committed file in bytes, or undefined when there is none. */
  size(name: string): Promise<number | undefined>;
  /** Text of a committed file, or undefined when there is none. */
  readText(name: string): Promise<string | undefined>;
  remove(name: string): Promise<void>;
  /** Makes the whole checkpoint appear at once. */
  finish(): Promise<void>;
  /** Ends the work without a result. What was committed stays for another attempt, which may begin then. */
  close?(): Promise<void>;
}

/** A file in the making. */
export interface TargetFile extends ByteSink {
  /** Gives the file its name, once its bytes are safe. */
  commit(): Promise<void>;
  /** Throws the file away. */
  abandon(): Promise<void>;
}

/** Writes a whole file in one go. */
export async function writeFile(target: CheckpointTarget, name: string, bytes: Uint8Array): Promise<void> {
  await withFile(target, name, (file) => file.write(bytes));
}

/** Removes every committed file but those that are to stay. */
export async function removeOthers(target: CheckpointTarget, kept: ReadonlySet<string>): Promise<void> {
  for (const name of await target.list()) {
    if (!kept.has(name)) await target.remove(name);
  }
}

/** Creates a file, lets `fill` write it, and commits it; abandons it when `fill` fails. */
export async function withFile(
  target: CheckpointTarget,
  name: string,
  fill: (file: TargetFile) => Promise<void>,
): Promise<void> {
  const file = await target.create(name);
  try {
    await fill(file);
    await file.commit();
  } catch (error) {
    await file.abandon();
    throw error;
  }
}
