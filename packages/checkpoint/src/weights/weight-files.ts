import { WeightError, type WeightFile } from '@vlmkit/core';
import { assertPlainName, assertRange, type CheckpointFiles } from '../files/checkpoint-files.js';
import { describeJson, isJsonObject, readOptionalJson } from '../files/json.js';

const singleFile = 'model.safetensors';
const indexFile = 'model.safetensors.index.json';

/** A weight file with its name in the checkpoint, which differs from its location where the name is a link to another file. */
export interface NamedWeightFile {
  readonly name: string;
  readonly file: WeightFile;
}

/** The weight files of a checkpoint and, for shards, which tensor its index promises in which. */
export interface WeightFileList {
  readonly files: readonly NamedWeightFile[];
  /** File name by tensor name, as the index states it; undefined for a single file. */
  readonly index: ReadonlyMap<string, string> | undefined;
}

/**
 * Opens `model.safetensors`, or the shards that `model.safetensors.index.json` names.
 *
 * @throws WeightError when neither is there, a shard is missing, or the index names a file that is not beside it.
 */
export async function openWeightFiles(files: CheckpointFiles): Promise<WeightFileList> {
  if (await files.has(singleFile)) return { files: [await openNamed(files, singleFile)], index: undefined };
  const stated = await readOptionalJson(files, indexFile);
  if (stated === undefined) {
    throw new WeightError(`There are no weights in ${files.label}.`, {
      expected: `${singleFile} or ${indexFile}`,
      remedy: 'Point at the folder of a Hugging Face checkpoint in safetensors format.',
    });
  }
  const index = readWeightMap(stated.weight_map);
  const shards = [...new Set(index.values())].sort();
  const present = await Promise.all(shards.map((shard) => files.has(shard)));
  const missing = shards.filter((_, position) => !present[position]);
  if (missing.length > 0) {
    throw new WeightError(`${files.label} lacks ${missing.join(', ')}.`, {
      expected: `the ${shards.length} files that ${indexFile} names`,
      actual: `${shards.length - missing.length} of them`,
      remedy: 'Download the missing files.',
    });
  }
  return { files: await Promise.all(shards.map((shard) => openNamed(files, shard))), index };
}

/** Wraps one file of a checkpoint for runtimes. */
export async function openWeightFile(files: CheckpointFiles, name: string): Promise<WeightFile> {
  const [byteLength, local] = await Promise.all([files.size(name), files.locate?.(name)]);
  return {
    location: local?.name ?? name,
    byteLength,
    ...(local && { directory: local.directory }),
    async read(offset, length) {
      assertRange(name, byteLength, { offset, length });
      return files.read(name, offset, length);
    },
  };
}

async function openNamed(files: CheckpointFiles, name: string): Promise<NamedWeightFile> {
  return { name, file: await openWeightFile(files, name) };
}

function readWeightMap(stated: unknown): ReadonlyMap<string, string> {
  if (!isJsonObject(stated)) {
    throw new WeightError(`weight_map of ${indexFile} is not a map.`, {
      expected: 'file names by tensor name',
      actual: describeJson(stated),
      remedy: 'Download it again.',
    });
  }
  const index = new Map<string, string>();
  for (const [tensor, file] of Object.entries(stated)) {
    if (typeof file !== 'string') {
      throw new WeightError(`${indexFile} places ${tensor} in ${describeJson(file)}.`, { expected: 'a file name' });
    }
    assertPlainName(file);
    index.set(tensor, file);
  }
  return index;
}
