import { encodeUtf8, inOrder, TimeSlices, type WeightInfo } from '@vlmkit/core';
import type { CheckpointFiles } from '../files/checkpoint-files.js';
import type { Checkpoint } from '../open-checkpoint.js';
import type { ShardPlan } from './shards.js';

/** Bytes of each tensor that go into a fingerprint: any training changes them. */
const sampledBytes = 64;

/** Samples that are read at a time, for sources that answer slowly. */
const concurrency = 8;

/**
 * Identifies a conversion: the plan of its files, the files that it reads, with their length and whatever else tells one
 * version from another, and a sample of every tensor, as not all sources know versions.
 */
export async function fingerprintOf(
  shards: readonly ShardPlan[],
  { files, weights }: Pick<Checkpoint, 'files' | 'weights'>,
): Promise<string> {
  const slices = new TimeSlices();
  let hash = seed;
  const add = async (part: unknown): Promise<void> => {
    hash = hashBytes(part instanceof Uint8Array ? part : encodeUtf8(JSON.stringify(part)), hash);
    await slices.pause();
  };
  for (const { name, tensors } of shards) {
    await add(name);
    for (const { treatment, results } of tensors) await add([treatment, results]);
  }
  const sources = weights.names.map((name) => weights.info(name));
  for (const { location, byteLength } of new Set(sources.map(({ file }) => file))) {
    await add([location, byteLength, await versionOf(files, location)]);
  }
  for await (const sample of inOrder(sources, concurrency, sampleOf)) await add(sample);
  return hash.toString(16).padStart(16, '0');
}

/** Null where nothing tells, as for weights that lie elsewhere. */
async function versionOf(files: CheckpointFiles, name: string): Promise<string | null> {
  try {
    return (await files.version?.(name)) ?? null;
  } catch {
    return null;
  }
}

/** Bytes from the middle of a tensor: first rows are often those of tokens that nobody uses. */
function sampleOf({ file, offset, byteLength }: WeightInfo): Promise<Uint8Array> {
  const middle = offset + Math.floor(byteLength / 2);
  return file.read(middle, Math.min(sampledBytes, offset + byteLength - middle));
}

const seed = 0xcbf29ce484222325n;

/** FNV-1a with 64 bits. Guards against mistakes, not against malice. */
function hashBytes(bytes: Uint8Array, start: bigint): bigint {
  let hash = start;
  for (const byte of bytes) hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n);
  return hash;
}
