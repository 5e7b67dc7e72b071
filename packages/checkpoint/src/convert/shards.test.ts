import { expect, it } from 'vitest';
import { planTensor } from '../quantize/convert-tensor.js';
import { encodeSafetensorsHeader } from '../safetensors/encode.js';
import { planShards, type ShardPlan, shardMetadata } from './shards.js';

const file = { location: 'model.safetensors', byteLength: 0, read: async () => new Uint8Array() };

function plansOf(count: number, rows: number) {
  return Array.from({ length: count }, (_, i) => {
    const name = `model.layers.${i}.mlp.Größe.weight`;
    return planTensor(
      { name, dtype: 'float32', dims: [rows, 4], file, offset: 0, byteLength: rows * 16 },
      { kind: 'fp16' },
    );
  });
}

const fileBytes = ({ tensors, byteLength }: ShardPlan): number => {
  const results = tensors.flatMap(({ results }) => results);
  return encodeSafetensorsHeader(results, shardMetadata).length + byteLength;
};

it('counts the header, so that no file is larger than it may be', () => {
  for (const most of [1000, 1024, 5000, 100_000]) {
    for (const rows of [1, 8, 60]) {
      const shards = planShards(plansOf(200, rows), most);
      for (const shard of shards) expect(fileBytes(shard)).toBeLessThanOrEqual(most);
      expect(shards.reduce((sum, { tensors }) => sum + tensors.length, 0)).toBe(200);
      // They are filled all the same: there is hardly place for another.
      const least = 0.9 * most - (rows * 8 + 300);
      for (const shard of shards.slice(0, -1)) expect(fileBytes(shard)).toBeGreaterThan(least);
    }
  }
});

it('gives a tensor that is too large a file of its own', () => {
  const shards = planShards(plansOf(2, 1000), 1000);
  expect(shards.map(({ tensors }) => tensors.length)).toEqual([1, 1]);
});
