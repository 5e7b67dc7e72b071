import { encodeUtf8 } from '@vlmkit/core';
import { isJsonObject, type JsonObject } from '../files/json.js';
import { type CheckpointTarget, removeOthers, writeFile } from './target.js';

const manifestName = 'vlmkit-conversion.json';

/** Which files of an unfinished conversion are whole, and of which conversion they are. */
export interface Manifest {
  /** Shards that an earlier attempt finished. */
  readonly finished: ReadonlySet<string>;
  /** Notes a finished shard. */
  markFinished(name: string): Promise<void>;
}

/** A conversion, as its notes know it again. */
export interface ConversionIdentity {
  /** See `fingerprintOf`. */
  readonly fingerprint: string;
  /** Names of the shards that it will write. */
  readonly shards: readonly string[];
}

/**
 * Takes over what an earlier attempt left behind. Its shards count only if it was the same conversion of the same weights
 * and they have the length that it noted; everything else is removed. Notes that cannot be read count as none.
 */
export async function openManifest(target: CheckpointTarget, conversion: ConversionIdentity): Promise<Manifest> {
  const { fingerprint, shards } = conversion;
  const noted = await readNoted(target, fingerprint);
  const finished = new Map<string, number>();
  for (const name of shards) {
    const byteLength = await target.size(name);
    if (byteLength !== undefined && noted[name] === byteLength) finished.set(name, byteLength);
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

/** Lengths of finished shards by name, as the notes of the same conversion state them, whatever else they hold. */
async function readNoted(target: CheckpointTarget, fingerprint: string): Promise<JsonObject> {
  const notes = parse((await target.readText(manifestName)) ?? '');
  if (!isJsonObject(notes) || notes.fingerprint !== fingerprint || !isJsonObject(notes.finished)) return {};
  return notes.finished;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
