import { type Tensor, tensor } from '@vlmkit/core';
import { expect, it } from 'vitest';
import type { CheckpointFiles } from '../files/checkpoint-files.js';
import { filesFromMemory } from '../files/memory-files.js';
import { planTensor } from '../quantize/convert-tensor.js';
import { encodeSafetensors } from '../safetensors/encode.js';
import { openWeights } from '../weights/open-weights.js';
import { fingerprintOf } from './fingerprint.js';
import { planShards } from './shards.js';

const name = (index: number): string => `model.layers.${index}.mlp.up_proj.weight`;

/** A hundred tensors of ones, of which one is filled with another value. */
function weightsWith(changed: number, value: number): Uint8Array {
  const tensors = Array.from({ length: 100 }, (_, i): [string, Tensor] => [
    name(i),
    tensor('float32', [2, 16], new Float32Array(32).fill(i === changed ? value : 1)),
  ]);
  return encodeSafetensors(Object.fromEntries(tensors));
}

async function fingerprint(stored: Uint8Array, changes: Partial<CheckpointFiles> = {}): Promise<string> {
  const files = { ...filesFromMemory(new Map([['model.safetensors', stored]])), ...changes };
  const weights = await openWeights(files);
  const plans = weights.names.map((each) => planTensor(weights.info(each), { kind: 'fp16' }));
  return fingerprintOf(planShards(plans, 1e6), { files, weights });
}

it('is the same for the same weights, and another when any tensor is', async () => {
  const same = await fingerprint(weightsWith(0, 1));
  expect(await fingerprint(weightsWith(0, 1))).toBe(same);
  const others = await Promise.all(Array.from({ length: 100 }, (_, i) => fingerprint(weightsWith(i, 2))));
  expect(new Set([same, ...others]).size).toBe(101);
});

it('is another for another version of the files, where these have versions', async () => {
  const stored = weightsWith(0, 1);
  const version = (value: string | undefined) => fingerprint(stored, { version: async () => value });
  expect(new Set([await version('1'), await version('2'), await version(undefined)]).size).toBe(3);
  expect(await version(undefined)).toBe(await fingerprint(stored));
  // Weights of another source may have names that no file can have.
  const nameless = fingerprint(stored, { version: () => Promise.reject(new Error('no such file')) });
  expect(await nameless).toBe(await fingerprint(stored));
});
