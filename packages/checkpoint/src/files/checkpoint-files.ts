import { WeightError } from '@vlmkit/core';

/** The files of one checkpoint folder, readable by byte range wherever they lie. Names are relative and hold no folder part. */
export interface CheckpointFiles {
  /** Where the files are, for messages: a path, a URL, a description. */
  readonly label: string;
  /** Whether a file of this name is there. */
  has(name: string): Promise<boolean>;
  /** Length of a file in bytes. @throws WeightError when it is missing. */
  size(name: string): Promise<number>;
  /** Reads `length` bytes from `offset`. @throws WeightError when the file is missing or ends before the range does. */
  read(name: string, offset: number, length: number): Promise<Uint8Array>;
  /** Reads a whole file as UTF-8. @throws WeightError when it is missing. */
  readText(name: string): Promise<string>;
  /** What changes with a file, such as the time of its last change. Absent, or undefined, where nothing tells. */
  version?(name: string): Promise<string | undefined>;
  /** Where a file lies on a local disk, for runtimes that map weights themselves. Absent for anything that is not a local file. */
  locate?(name: string): Promise<LocalFile>;
  /** Gives back handles and connections. Reading afterwards opens them again. */
  close?(): Promise<void>;
}

/** A file on a local disk. */
export interface LocalFile {
  /** Absolute path of the folder. */
  readonly directory: string;
  /** Name inside the folder. */
  readonly name: string;
}

/**
 * Refuses names that could lead out of the checkpoint's folder.
 *
 * @throws WeightError for anything but a plain file name.
 */
export function assertPlainName(name: string): void {
  const isPlain = /^[^/\\:\0]+$/.test(name) && name !== '.' && name !== '..';
  if (isPlain) return;
  throw new WeightError(`The checkpoint names the file ${JSON.stringify(name)}.`, {
    expected: 'the plain name of a file beside config.json, without folders',
    remedy: 'Files outside the checkpoint folder are never read.',
  });
}

/** Checks that a byte range lies inside a file. @throws WeightError when it does not. */
export function assertRange(
  name: string,
  size: number,
  range: { readonly offset: number; readonly length: number },
): void {
  const { offset, length } = range;
  if (
    Number.isSafeInteger(offset) &&
    Number.isSafeInteger(length) &&
    offset >= 0 &&
    length >= 0 &&
    offset + length <= size
  )
    return;
  throw new WeightError(`Cannot read bytes ${offset} to ${offset + length} of ${name}.`, {
    expected: `a range within its ${size} bytes`,
    remedy: 'The file is truncated or has changed since it was opened: download it again.',
  });
}

/** The error for a file that is not there. */
export function missingFile(name: string, label: string): WeightError {
  return new WeightError(`There is no ${name} in ${label}.`, {
    remedy: 'Check the path, or download the checkpoint again.',
  });
}
