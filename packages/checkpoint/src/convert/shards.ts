import { byteSize } from '@vlmkit/core';
import type { TensorPlan } from '../quantize/convert-tensor.js';
import { declaredBytes, encodeSafetensorsHeader, headerAlignment, mostEntryBytes } from '../safetensors/encode.js';

/** What the header of every shard says of it. */
export const shardMetadata = { format: 'pt' } as const;

/** One file of the result. */
export interface ShardPlan {
  readonly name: string;
  readonly tensors: readonly TensorPlan[];
  /** Bytes of its tensors, without the header. */
  readonly byteLength: number;
}

/** Bytes that a tensor takes in the result. */
function resultBytes({ results }: TensorPlan): number {
  return results.reduce((sum, declaration) => sum + declaredBytes(declaration), 0);
}

/**
 * Divides tensors among files of at most `maxBytes`, header included (a tensor that is larger gets a file of its own), named
 * as Hugging Face names them. Inside a file, tensors of wider elements come first, so that each starts aligned to its elements.
 */
export function planShards(tensors: readonly TensorPlan[], maxBytes: number): readonly ShardPlan[] {
  const groups: TensorPlan[][] = [];
  const emptyBytes = encodeSafetensorsHeader([], shardMetadata).length + headerAlignment;
  let filled = Number.POSITIVE_INFINITY;
  for (const plan of tensors) {
    const entries = plan.results.reduce((sum, declaration) => sum + mostEntryBytes(declaration, maxBytes), 0);
    const bytes = resultBytes(plan) + entries;
    if (filled + bytes > maxBytes) {
      groups.push([]);
      filled = emptyBytes;
    }
    groups.at(-1)?.push(plan);
    filled += bytes;
  }
  const digits = (value: number): string => String(value).padStart(5, '0');
  return groups.map((group, index) => ({
    name:
      groups.length === 1 ? 'model.safetensors' : `model-${digits(index + 1)}-of-${digits(groups.length)}.safetensors`,
    tensors: group.toSorted((a, b) => widestElement(b) - widestElement(a)),
    byteLength: group.reduce((sum, plan) => sum + resultBytes(plan), 0),
  }));
}

function widestElement({ results }: TensorPlan): number {
  return Math.max(...results.map(({ dtype }) => byteSize(dtype)));
}

/** model.safetensors.index.json for shards. */
export function shardIndex(shards: readonly ShardPlan[]): string {
  const entries = shards.flatMap(({ name, tensors }) =>
    tensors.flatMap(({ results }) => results.map((result): [string, string] => [result.name, name])),
  );
  const totalSize = shards.reduce((sum, { byteLength }) => sum + byteLength, 0);
  return `${JSON.stringify({ metadata: { total_size: totalSize }, weight_map: Object.fromEntries(entries) }, null, 2)}\n`;
}
