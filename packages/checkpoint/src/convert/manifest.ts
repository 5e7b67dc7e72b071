import { encodeUtf8, type WeightInfo } from '@vlmkit/core';
import type { ShardPlan } from './shards.js';
import { type CheckpointTarget, removeOthers, writeFile } from './target.js';

const manifestName = 'vlmkit-conversion.json';

/** Which files of an unfinished conversion are whole, and of which conversion they are. */
export interface Manifest {
  /** Shards that an earlier attempt finished. */
  readonly finished: ReadonlySet<string>;
  /** Notes a finished shard. */
  markFinished(name: string): Promise<void>;
}

/**
 * Takes over what an earlier attempt left behind. Its shards count only if it was the same conversion of the same weights
 * and they have the length that it noted; everything else is removed.
 */
export async function openManifest(target: CheckpointTarget, fingerprint: string): Promise<Manifest> {
  const noted = await readNoted(target, fingerprint);
  const finished = new Map<string, number>();
  for (const [name, byteLength] of noted) {
    if ((await target.size(name)) === byteLength) finished.set(name, byteLength);
  }
  await removeOthers(target, new Set(finished.size > 0 ? [manifestName, ...finished.keys()] : []));
  return {
    finished: new Set(finished.keys()),
    async markFinished(name) {
      finished.set(name, (await target.size(name)) ?? 0);
      const json = JSON.stringify({ fingerprint, finished: Object.fromEntries(finished) }, null, 2);
      await writeFile(target, manifestName, encodeUtf8(json));
    },
  };
}

async function readNoted(target: CheckpointTarget, fingerprint: string): Promise<[string, number][]> {
  const text = await target.readText(manifestName);
  if (text === undefined) return [];
  const stored = JSON.parse(text) as { readonly fingerprint: string; readonly finished: Record<string, number> };
  return stored.fingerprint === fingerprint ? Object.entries(stored.finished) : [];
}

/** Tensors whose first bytes go into the fingerprint: enough to tell two trainings of one model apart. */
const sampledTensors = 16;
const sampledBytes = 256;

/** Identifies a conversion: the plan of its files, and a sample of the weights that go into them. */
export async function fingerprintOf(shards: readonly ShardPlan[], sources: readonly WeightInfo[]): Promise<string> {
  const plan = shards.map(({ name, tensors }) => [name, tensors.map(({ treatment, results }) => [treatment, results])]);
  let hash = hashBytes(encodeUtf8(JSON.stringify(plan)));
  const stride = Math.max(1, Math.floor(sources.length / sampledTensors));
  for (let i = 0; i < sources.length; i += stride) {
    const { file, offset, byteLength } = sources[i]!;
    const middle = offset + Math.floor(byteLength / 2);
    hash = hashBytes(await file.read(middle, Math.min(sampledBytes, offset + byteLength - middle)), hash);
  }
  return hash.toString(16).padStart(16, '0');
}

/** FNV-1a with 64 bits. Guards against mistakes, not against malice. */
function hashBytes(bytes: Uint8Array, seed = 0xcbf29ce484222325n): bigint {
  let hash = seed;
  for (const byte of bytes) hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n);
  return hash;
}
