import { type Tensor, tensor, WeightError } from '@vlmkit/core';
import { describe, expect, it } from 'vitest';
import { filesFromMemory } from '../files/memory-files.js';
import { encodeSafetensors } from '../safetensors/encode.js';
import { canonicalName, closestName } from './names.js';
import { openWeights } from './open-weights.js';

const row = (...values: number[]): Tensor => tensor('float32', [values.length], Float32Array.from(values));

function folder(contents: Readonly<Record<string, Uint8Array | string | Readonly<Record<string, Tensor>>>>) {
  const encoded = Object.entries(contents).map(([name, content]): [string, Uint8Array | string] => [
    name,
    typeof content === 'string' || content instanceof Uint8Array ? content : encodeSafetensors(content),
  ]);
  return filesFromMemory(new Map(encoded), 'the test folder');
}

const index = (weight_map: Readonly<Record<string, unknown>>): string => JSON.stringify({ metadata: {}, weight_map });

describe('openWeights', () => {
  it('reads one file', async () => {
    const weights = await openWeights(folder({ 'model.safetensors': { 'model.norm.weight': row(1, 2, 3) } }));
    expect(weights.names).toEqual(['model.norm.weight']);
    expect(weights.info('model.norm.weight', [3]).dtype).toBe('float32');
    expect((await weights.read('model.norm.weight')).data).toEqual(Float32Array.of(1, 2, 3));
  });

  it('reads shards by their index', async () => {
    const weights = await openWeights(
      folder({
        'model.safetensors.index.json': index({ a: 'x.safetensors', b: 'y.safetensors' }),
        'x.safetensors': { a: row(1) },
        'y.safetensors': { b: row(2) },
      }),
    );
    expect((await weights.read('b')).data).toEqual(Float32Array.of(2));
    expect(weights.info('b').file.location).toBe('y.safetensors');
  });

  it('presents the names of newer files as the published ones', async () => {
    const weights = await openWeights(
      folder({
        'model.safetensors': {
          'lm_head.weight': row(1),
          'model.language_model.layers.0.input_layernorm.weight': row(1),
          'model.visual.blocks.0.norm1.weight': row(1),
        },
      }),
    );
    expect([...weights.names].sort()).toEqual([
      'lm_head.weight',
      'model.layers.0.input_layernorm.weight',
      'visual.blocks.0.norm1.weight',
    ]);
  });

  const faults: readonly [string, Parameters<typeof folder>[0], RegExp][] = [
    [
      'no weights at all',
      {},
      /no weights in the test folder\. Expected model\.safetensors or model\.safetensors\.index\.json/,
    ],
    [
      'a missing shard',
      {
        'model.safetensors.index.json': index({ a: 'x.safetensors', b: 'y.safetensors' }),
        'x.safetensors': { a: row(1) },
      },
      /lacks y\.safetensors/,
    ],
    [
      'a tensor that is not in its shard',
      {
        'model.safetensors.index.json': index({ a: 'x.safetensors', b: 'x.safetensors' }),
        'x.safetensors': { a: row(1), c: row(1) },
      },
      /places b in x\.safetensors, but it is not there\. Found it in no file/,
    ],
    [
      'a tensor in another shard',
      {
        'model.safetensors.index.json': index({ a: 'x.safetensors', b: 'x.safetensors', c: 'y.safetensors' }),
        'x.safetensors': { a: row(1) },
        'y.safetensors': { b: row(1), c: row(1) },
      },
      /places b in x\.safetensors.*Found it in y\.safetensors/,
    ],
    [
      'an index that climbs out',
      { 'model.safetensors.index.json': index({ a: '../x.safetensors' }) },
      /"\.\.\/x\.safetensors"/,
    ],
    [
      'an index with an absolute path',
      { 'model.safetensors.index.json': index({ a: '/etc/passwd' }) },
      /"\/etc\/passwd"/,
    ],
    ['an index with a drive', { 'model.safetensors.index.json': index({ a: 'C:x' }) }, /"C:x"/],
    ['an index with backslashes', { 'model.safetensors.index.json': index({ a: '..\\x' }) }, /names the file/],
    ['an index of numbers', { 'model.safetensors.index.json': index({ a: 7 }) }, /places a in 7/],
    ['an index without a map', { 'model.safetensors.index.json': '{"weight_map": []}' }, /weight_map .* is not a map/],
    [
      'a matrix of integers',
      { 'model.safetensors': { 'model.norm.weight': tensor('int32', [1], Int32Array.of(1)) } },
      /model\.norm\.weight is not made of floating-point numbers\. Expected float32, .*Found int32 in model\.safetensors/,
    ],
    [
      'an index without any map',
      { 'model.safetensors.index.json': '{"metadata": {}}' },
      /weight_map of model\.safetensors\.index\.json is not a map\..*Found nothing/,
    ],
    [
      'one tensor under both its names',
      { 'model.safetensors': { 'model.language_model.norm.weight': row(1), 'model.norm.weight': row(1) } },
      /model\.norm\.weight is stored twice/,
    ],
  ];
  it.each(faults)('refuses %s', async (_, contents, message) => {
    const opening = openWeights(folder(contents));
    await expect(opening).rejects.toBeInstanceOf(WeightError);
    await expect(opening).rejects.toThrow(message);
  });
});

describe('looking a tensor up', () => {
  const open = () =>
    openWeights(
      folder({ 'model.safetensors': { 'model.layers.0.self_attn.q_proj.weight': row(1, 2), 'x.bias': row(1) } }),
    );

  it('names the nearest tensor when one is missing', async () => {
    const weights = await open();
    expect(() => weights.info('model.layers.0.self_attn.q_porj.weight')).toThrow(
      'Did you mean model.layers.0.self_attn.q_proj.weight?',
    );
  });

  it('suggests nothing when nothing is near', async () => {
    const weights = await open();
    expect(() => weights.info('visual.patch_embed.proj.weight')).toThrow(/none with a similar name/);
  });

  it('refuses another shape', async () => {
    const weights = await open();
    expect(() => weights.info('x.bias', [2])).toThrow(
      /wrong shape\. Expected \[2\] by config\.json\. Found \[1\] in model/,
    );
  });
});

describe('names', () => {
  it('leaves published names alone', () => {
    for (const name of ['model.layers.1.mlp.up_proj.weight', 'visual.merger.ln_q.weight', 'lm_head.weight']) {
      expect(canonicalName(name)).toBe(name);
    }
  });

  it('finds the nearest of several', () => {
    expect(closestName('kitten', ['mitten', 'sitting', 'kitchen'])).toBe('mitten');
    expect(closestName('a.weight', ['a.weights', 'b.weight', 'a.weight'])).toBe('a.weight');
    expect(closestName('abc', ['something else'])).toBeUndefined();
  });
});
