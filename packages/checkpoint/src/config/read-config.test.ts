import { readFileSync } from 'node:fs';
import { ConfigError } from '@vlmkit/core';
import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../files/json.js';
import { readModelConfig } from './read-config.js';

interface GoldenCase {
  readonly name: string;
  readonly config: JsonObject;
  readonly expected: JsonObject;
}

// Made by tools/golden/checkpoint.py: what the reference reads from each file.
const golden = JSON.parse(readFileSync('fixtures/checkpoint/configs.json', 'utf8')) as { cases: readonly GoldenCase[] };

function published(family: string): JsonObject {
  const found = golden.cases.find(({ name }) => name === `${family}, published`);
  if (!found) throw new Error(`The golden file has no ${family}.`);
  return found.config;
}

/** A copy of a config with fields replaced by dotted path; undefined removes one. */
function change(config: JsonObject, changes: JsonObject): JsonObject {
  const copy = structuredClone(config) as Record<string, unknown>;
  for (const [path, value] of Object.entries(changes)) {
    const [last = '', ...parents] = path.split('.').reverse();
    const parent = parents.reverse().reduce((object, key) => object[key] as Record<string, unknown>, copy);
    if (value === undefined) delete parent[last];
    else parent[last] = value;
  }
  return copy;
}

describe('readModelConfig', () => {
  it.each(golden.cases)('reads $name as the reference does', ({ config, expected }) => {
    expect(readModelConfig(config)).toMatchObject(expected);
  });

  it('derives the widths of the heads', () => {
    const { text, vision } = readModelConfig(published('qwen2.5-vl'));
    expect([text.headDim, vision?.headDim]).toEqual([128, 80]);
  });

  it('takes a stated head_dim', () => {
    const config = change(published('qwen2'), { head_dim: 128 });
    expect(readModelConfig(config).text.headDim).toBe(128);
  });

  it('tells the two vision encoders apart by what they compute', () => {
    expect(readModelConfig(published('qwen2.5-vl')).vision).toMatchObject({ feedForward: 'gated', norm: 'rms' });
    const plain = readModelConfig(published('qwen2-vl')).vision;
    expect(plain).toMatchObject({ feedForward: 'plain', norm: 'layer' });
    expect(plain).not.toHaveProperty('window');
    expect(plain).not.toHaveProperty('tokensPerSecond');
  });

  it('reads patch sizes given as lists', () => {
    const config = change(published('qwen2.5-vl'), { 'vision_config.patch_size': [16, 16] });
    expect(readModelConfig(config).vision?.patchSize).toBe(16);
  });

  it('takes in_chans and spatial_patch_size of early files for nothing, as the reference does', () => {
    const early = { 'vision_config.in_chans': 4, 'vision_config.spatial_patch_size': 28 };
    expect(readModelConfig(change(published('qwen2-vl'), early)).vision).toMatchObject({
      inChannels: 3,
      patchSize: 14,
    });
  });

  // What transformers 4.49 saves of the 7B and 2B models: the difference from its classes' defaults.
  const differences = {
    'qwen2.5-vl': {
      vision: {
        hidden_size: 1280,
        in_chans: 3,
        model_type: 'qwen2_5_vl',
        spatial_patch_size: 14,
        tokens_per_second: 2,
      },
      hiddenSize: 3584,
      heads: 28,
    },
    'qwen2-vl': {
      vision: { hidden_size: 1536, in_chans: 3, model_type: 'qwen2_vl', spatial_patch_size: 14 },
      hiddenSize: 1536,
      heads: 12,
    },
  } as const;
  const shared = { depth: 32, numHeads: 16, headDim: 80, hiddenSize: 1280, inChannels: 3, patchSize: 14 };
  const merge = { temporalPatchSize: 2, spatialMergeSize: 2 };

  it.each([
    [
      'qwen2.5-vl',
      {
        ...{ ...shared, ...merge, intermediateSize: 3420, hiddenAct: 'silu', outHiddenSize: 3584, tokensPerSecond: 2 },
        window: { windowSize: 112, fullAttentionBlocks: [7, 15, 23, 31] },
      },
    ],
    ['qwen2-vl', { ...shared, ...merge, intermediateSize: 5120, hiddenAct: 'quick_gelu', outHiddenSize: 1536 }],
  ] as const)('reads a vision_config of %s that states only differences from the defaults', (family, expected) => {
    const { vision, hiddenSize, heads } = differences[family];
    const config = change(published(family), {
      vision_config: vision,
      hidden_size: hiddenSize,
      num_attention_heads: heads,
      num_key_value_heads: 4,
    });
    expect(readModelConfig(config).vision).toMatchObject(expected);
  });

  it('assumes the 7B models where vision_config is empty', () => {
    for (const [family, width] of [
      ['qwen2.5-vl', 3584],
      ['qwen2-vl', 1280],
    ] as const) {
      const sizes = { hidden_size: 3584, num_attention_heads: 28, num_key_value_heads: 4 };
      const { vision } = readModelConfig(change(published(family), { ...sizes, vision_config: {} }));
      expect(vision).toMatchObject({ ...merge, depth: 32, hiddenSize: width, outHiddenSize: 3584 });
      expect(vision?.tokensPerSecond).toBe(family === 'qwen2.5-vl' ? 4 : undefined);
    }
  });

  it.each([
    [4, []],
    [16, [7, 15]],
  ])('passes over full-attention blocks of the default beyond a depth of %i', (depth, blocks) => {
    for (const stated of [undefined, [7, 15, 23, 31]]) {
      const config = change(published('qwen2.5-vl'), {
        'vision_config.depth': depth,
        'vision_config.fullatt_block_indexes': stated,
      });
      expect(readModelConfig(config).vision?.window?.fullAttentionBlocks).toEqual(blocks);
    }
  });

  it('passes over sliding windows that reach no layer', () => {
    for (const harmless of [
      { sliding_window: null },
      { sliding_window: 128_000 },
      { max_window_layers: 36 },
      { layer_types: Array.from({ length: 36 }, () => 'full_attention') },
    ]) {
      const config = change(published('qwen2.5-vl'), { use_sliding_window: true, ...harmless });
      expect(readModelConfig(config).family).toBe('qwen2_5_vl');
    }
  });

  const yarn = { type: 'yarn', mrope_section: [16, 24, 24], factor: 4, original_max_position_embeddings: 32_768 };
  const faults: readonly [string, string, JsonObject, RegExp][] = [
    [
      'an unknown model type',
      'qwen2',
      { model_type: 'llama' },
      /model_type "llama".*Expected qwen2_5_vl, qwen2_vl, qwen2/,
    ],
    ['no model type', 'qwen2', { model_type: undefined }, /model_type nothing/],
    [
      'no hidden_size',
      'qwen2',
      { hidden_size: undefined },
      /^hidden_size of config\.json must be a positive integer; found nothing/,
    ],
    ['no num_hidden_layers', 'qwen2.5-vl', { num_hidden_layers: undefined }, /^num_hidden_layers of config\.json must/],
    [
      'a nested field that is malformed',
      'qwen2.5-vl',
      { 'vision_config.depth': 0 },
      /^vision_config\.depth of config\.json must be a positive integer/,
    ],
    ['a fractional depth', 'qwen2-vl', { 'vision_config.depth': 1.5 }, /vision_config\.depth .* found 1\.5/],
    ['a number given as text', 'qwen2', { num_hidden_layers: '24' }, /num_hidden_layers .* found "24"/],
    ['no vision_config', 'qwen2.5-vl', { vision_config: undefined }, /vision_config of config\.json must be there/],
    [
      'a vision_config that is a list',
      'qwen2.5-vl',
      { vision_config: [] },
      /vision_config of config\.json must be an object/,
    ],
    [
      'heads that do not divide',
      'qwen2',
      { num_attention_heads: 13 },
      /num_attention_heads .* divide hidden_size \(896\)/,
    ],
    ['key heads that do not divide', 'qwen2', { num_key_value_heads: 3 }, /num_key_value_heads .* divide/],
    ['another activation', 'qwen2', { hidden_act: 'gelu' }, /hidden_act .* must be "silu"; found "gelu"/],
    [
      'YaRN',
      'qwen2.5-vl',
      { rope_scaling: yarn },
      /rope_scaling\.type .* YaRN.* Set it to "mrope" and keep mrope_section/,
    ],
    [
      'YaRN of a text model',
      'qwen2',
      { rope_scaling: { rope_type: 'yarn', factor: 4 } },
      /rope_scaling\.rope_type .* YaRN.* Remove the scaling/,
    ],
    [
      'another rotary scaling',
      'qwen2',
      { rope_scaling: { rope_type: 'linear', factor: 2 } },
      /rope_scaling\.rope_type .* "linear"/,
    ],
    ['no mrope_section', 'qwen2.5-vl', { rope_scaling: undefined }, /rope_scaling .* mrope_section/],
    [
      'an mrope_section of the wrong sum',
      'qwen2-vl',
      { 'rope_scaling.mrope_section': [16, 24, 20] },
      /mrope_section .* \(64\)/,
    ],
    [
      'an mrope_section of two parts',
      'qwen2-vl',
      { 'rope_scaling.mrope_section': [32, 32] },
      /mrope_section .* three parts/,
    ],
    [
      'sliding windows',
      'qwen2.5-vl',
      { use_sliding_window: true, max_window_layers: 10 },
      /use_sliding_window .* 32768 tokens/,
    ],
    [
      'an encoder of another width by default',
      'qwen2.5-vl',
      { 'vision_config.out_hidden_size': undefined },
      /out_hidden_size .* \(2048\); its default is 3584; found nothing/,
    ],
    [
      'an encoder of another width',
      'qwen2.5-vl',
      { 'vision_config.out_hidden_size': 3584 },
      /out_hidden_size .* \(2048\)/,
    ],
    [
      'a full-attention block past the depth',
      'qwen2.5-vl',
      { 'vision_config.fullatt_block_indexes': [7, 32] },
      /fullatt_block_indexes .* below depth \(32\)/,
    ],
    [
      'full-attention blocks that are no numbers of blocks',
      'qwen2.5-vl',
      { 'vision_config.fullatt_block_indexes': [-1] },
      /fullatt_block_indexes .* must be a list, each item an integer of at least 0; found \[-1\]/,
    ],
    [
      'a token outside the vocabulary',
      'qwen2.5-vl',
      { image_token_id: 151_936 },
      /image_token_id .* below vocab_size \(151936\)/,
    ],
    [
      'weights quantised by others',
      'qwen2',
      { quantization_config: { quant_method: 'awq', bits: 4 } },
      /quant_method .* "awq"/,
    ],
    [
      'a quantised type that is not written',
      'qwen2',
      { quantization_config: { quant_method: 'vlmkit', dtype: 'fp16' } },
      /quantization_config\.dtype .* "q4" or "q8"; found "fp16"/,
    ],
    ['unequal patch sides', 'qwen2-vl', { 'vision_config.patch_size': [14, 16] }, /patch_size .* equal/],
    ['vision heads that do not divide', 'qwen2.5-vl', { 'vision_config.num_heads': 7 }, /vision_config\.num_heads/],
    ['a window smaller than a token', 'qwen2.5-vl', { 'vision_config.window_size': 14 }, /window_size .* \(28\)/],
  ];
  it.each(faults)('refuses %s', (_, family, changes, message) => {
    const config = change(published(family), changes);
    expect(() => readModelConfig(config)).toThrow(ConfigError);
    expect(() => readModelConfig(config)).toThrow(message);
  });
});
