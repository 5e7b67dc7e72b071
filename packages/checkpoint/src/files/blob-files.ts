import { assertRange, type CheckpointFiles, missingFile } from './checkpoint-files.js';

/** The part of the platform's Blob and File that is read. */
export interface BlobLike {
  readonly size: number;
  /** When a File was changed last; a Blob does not say. */
  readonly lastModified?: number;
  slice(start: number, end: number): BlobLike;
  arrayBuffer(): Promise<ArrayBuffer>;
  text(): Promise<string>;
}

/**
 * A checkpoint held in Blobs or Files, such as those of a file picker, by file name.
 *
 * @example filesFromBlobs(new Map(Array.from(input.files, (file) => [file.name, file])))
 */
export function filesFromBlobs(blobs: ReadonlyMap<string, BlobLike>, label = 'the given files'): CheckpointFiles {
  const find = (name: string): BlobLike => {
    const blob = blobs.get(name);
    if (!blob) throw missingFile(name, label);
    return blob;
  };
  return {
    label,
    has: async (name) => blobs.has(name),
    size: async (name) => find(name).size,
    async read(name, offset, length) {
      const blob = find(name);
      assertRange(name, blob.size, { offset, length });
      return new Uint8Array(await blob.slice(offset, offset + length).arrayBuffer());
    },
    readText: async (name) => find(name).text(),
    version: async (name) => blobs.get(name)?.lastModified?.toString(),
  };
}
