import { decodeUtf8, encodeUtf8 } from '@vlmkit/core';
import { assertRange, type CheckpointFiles, missingFile } from './checkpoint-files.js';

/** A checkpoint held in memory, by file name: bytes, or text for JSON files. */
export function filesFromMemory(contents: ReadonlyMap<string, Uint8Array | string>, label = 'memory'): CheckpointFiles {
  const bytesOf = (name: string): Uint8Array => {
    const content = contents.get(name);
    if (content === undefined) throw missingFile(name, label);
    return typeof content === 'string' ? encodeUtf8(content) : content;
  };
  return {
    label,
    has: async (name) => contents.has(name),
    size: async (name) => bytesOf(name).byteLength,
    async read(name, offset, length) {
      const bytes = bytesOf(name);
      assertRange(name, bytes.byteLength, { offset, length });
      // Not slice(): on a Node Buffer that would be a view of the caller's memory.
      return new Uint8Array(bytes.subarray(offset, offset + length));
    },
    readText: async (name) => decodeUtf8(bytesOf(name)),
  };
}
