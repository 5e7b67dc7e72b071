import {
  isFloatType,
  type Tensor,
  tensor,
  viewBytes,
  WeightError,
  type WeightInfo,
  type WeightSource,
} from '@vlmkit/core';
import type { CheckpointFiles } from '../files/checkpoint-files.js';
import { readSafetensorsHeader, type SafetensorsHeader } from '../safetensors/header.js';
import { canonicalName, closestName } from './names.js';
import { type NamedWeightFile, openWeightFiles } from './weight-files.js';

/**
 * Opens the tensors of a checkpoint: reads every header, checks it against its file and against the index, and
 * translates names to the published ones. No weights are read.
 *
 * @throws WeightError when files are missing, truncated or malformed, the index and the shards disagree, or a matrix is of
 *   integers.
 */
export async function openWeights(files: CheckpointFiles): Promise<WeightSource> {
  const list = await openWeightFiles(files);
  const headers = await Promise.all(
    list.files.map(async (named) => ({ ...named, header: await readSafetensorsHeader(named.file) })),
  );
  if (list.index) checkIndex(list.index, headers);
  return weightSource(collect(headers), files.label);
}

/** Presents tensors by name, with the checks of {@link WeightSource}. `label` names the checkpoint in messages. */
export function weightSource(infos: ReadonlyMap<string, WeightInfo>, label: string): WeightSource {
  const info = (name: string, dims?: readonly number[]): WeightInfo => {
    const found = infos.get(name);
    if (!found) throw missingTensor(name, infos, label);
    if (dims && !equalDims(dims, found.dims)) {
      throw new WeightError(`${name} has the wrong shape.`, {
        expected: `[${dims.join(', ')}] by config.json`,
        actual: `[${found.dims.join(', ')}] in ${found.file.location}`,
        remedy: 'The weights and config.json belong to different models: take both from one checkpoint.',
      });
    }
    return found;
  };
  return {
    names: [...infos.keys()],
    has: (name) => infos.has(name),
    info,
    read: async (name) => readTensor(info(name)),
  };
}

/** Reads one tensor's bytes and views them as its type. */
async function readTensor({ dtype, dims, file, offset, byteLength }: WeightInfo): Promise<Tensor> {
  return tensor(dtype, dims, viewBytes(dtype, await file.read(offset, byteLength)));
}

interface OpenShard extends NamedWeightFile {
  readonly header: SafetensorsHeader;
}

function collect(shards: readonly OpenShard[]): ReadonlyMap<string, WeightInfo> {
  const infos = new Map<string, WeightInfo>();
  for (const { file, header } of shards) {
    for (const entry of header.tensors) {
      const name = canonicalName(entry.name);
      const twin = infos.get(name);
      if (twin) {
        throw new WeightError(`${name} is stored twice.`, {
          actual: `it in ${twin.file.location} and, as ${entry.name}, in ${file.location}`,
          remedy: 'Remove one of them.',
        });
      }
      const info: WeightInfo = { ...entry, name, file };
      checkElements(info);
      infos.set(name, info);
    }
  }
  return infos;
}

/** A matrix or bias is made of floats; quantised ones have names of their own. Integers under its name would run, and answer nonsense. */
function checkElements({ name, dtype, file }: WeightInfo): void {
  if (!/\.(?:weight|bias)$/.test(name) || isFloatType(dtype)) return;
  throw new WeightError(`${name} is not made of floating-point numbers.`, {
    expected: 'float32, float16 or bfloat16',
    actual: `${dtype} in ${file.location}`,
    remedy: 'Use the unquantised checkpoint, or one that `vlmkit convert` wrote.',
  });
}

/** Every tensor that the index promises must be in its shard. */
function checkIndex(index: ReadonlyMap<string, string>, shards: readonly OpenShard[]): void {
  const stored = new Map<string, string>();
  for (const shard of shards) {
    for (const tensor of shard.header.tensors) stored.set(tensor.name, shard.name);
  }
  for (const [name, shard] of index) {
    const found = stored.get(name);
    if (found === shard) continue;
    throw new WeightError(`The index places ${name} in ${shard}, but it is not there.`, {
      actual: found === undefined ? 'it in no file' : `it in ${found}`,
      remedy: 'The index and the shards are of different downloads: download the checkpoint again.',
    });
  }
}

function missingTensor(name: string, infos: ReadonlyMap<string, WeightInfo>, label: string): WeightError {
  const near = closestName(name, infos.keys());
  return new WeightError(`The checkpoint in ${label} has no tensor ${name}.`, {
    actual: near === undefined ? `${infos.size} tensors, none with a similar name` : `${infos.size} others`,
    remedy: near === undefined ? 'Check that it is a whole checkpoint of this model.' : `Did you mean ${near}?`,
  });
}

function equalDims(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((extent, axis) => extent === b[axis]);
}
