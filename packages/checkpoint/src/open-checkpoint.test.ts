import { ConfigError, type Tensor, tensor, WeightError } from '@vlmkit/core';
import { describe, expect, it } from 'vitest';
import { filesFromMemory } from './files/memory-files.js';
import { openCheckpoint } from './open-checkpoint.js';
import { encodeSafetensors } from './safetensors/encode.js';

const config = {
  model_type: 'qwen2',
  hidden_size: 8,
  intermediate_size: 16,
  num_attention_heads: 2,
  num_hidden_layers: 1,
  vocab_size: 4,
  eos_token_id: 3,
};
const table: Tensor = tensor('float32', [4, 8], new Float32Array(32));

function open(changes: {
  readonly config?: Readonly<Record<string, unknown>> | string;
  readonly weights?: Readonly<Record<string, Tensor>>;
  readonly files?: Readonly<Record<string, string>>;
}) {
  const json = typeof changes.config === 'string' ? changes.config : JSON.stringify({ ...config, ...changes.config });
  const weights = encodeSafetensors({ 'model.embed_tokens.weight': table, ...changes.weights });
  const contents: [string, Uint8Array | string][] = [
    ['model.safetensors', weights],
    ['config.json', json],
    ...Object.entries(changes.files ?? {}),
  ];
  return openCheckpoint(filesFromMemory(new Map(contents)));
}

describe('openCheckpoint', () => {
  it('brings config, generation defaults, preprocessor and weights together', async () => {
    const checkpoint = await open({
      files: { 'generation_config.json': '{"top_k": 5}', 'preprocessor_config.json': '{"patch_size": 14}' },
    });
    expect(checkpoint.config.text.headDim).toBe(4);
    expect(checkpoint.generation).toMatchObject({ topK: 5, eosTokenIds: [3] });
    expect(checkpoint.preprocessor).toEqual({ patch_size: 14 });
    expect(checkpoint.weights.info('model.embed_tokens.weight', [4, 8]).byteLength).toBe(128);
    await checkpoint.close();
  });

  it('finds both preprocessors where transformers 5 writes them', async () => {
    const joint = {
      processor_class: 'Qwen2_5_VLProcessor',
      image_processor: { patch_size: 14 },
      video_processor: { patch_size: 28 },
    };
    const files = { 'processor_config.json': JSON.stringify(joint) };
    expect(await open({ files })).toMatchObject({
      preprocessor: { patch_size: 14 },
      videoPreprocessor: { patch_size: 28 },
    });
    const own = { 'preprocessor_config.json': '{"a": 1}', 'video_preprocessor_config.json': '{"b": 2}' };
    expect(await open({ files: { ...files, ...own } })).toMatchObject({
      preprocessor: { a: 1 },
      videoPreprocessor: { b: 2 },
    });
    const older = await open({ files: { 'processor_config.json': '{"processor_class": "Qwen2_5_VLProcessor"}' } });
    expect(older.preprocessor).toBeUndefined();
    expect(older.videoPreprocessor).toBeUndefined();
  });

  it('trusts the presence of a head over the config', async () => {
    const tied = await open({ config: { tie_word_embeddings: true } });
    expect(tied.config.tieWordEmbeddings).toBe(true);
    const untied = await open({ config: { tie_word_embeddings: true }, weights: { 'lm_head.weight': table } });
    expect(untied.config.tieWordEmbeddings).toBe(false);
    const silent = await open({});
    expect(silent.config.tieWordEmbeddings).toBe(true);
  });

  it('refuses an untied model without a head', async () => {
    await expect(open({ config: { tie_word_embeddings: false } })).rejects.toThrow(/no tensor lm_head\.weight/);
  });

  it('names tensors that nothing used, except harmless ones', async () => {
    const checkpoint = await open({
      weights: { 'model.layers.0.self_attn.rotary_emb.inv_freq': table, 'model.extra.weight': table },
    });
    expect(() => checkpoint.checkUnused(['model.embed_tokens.weight'])).toThrow(WeightError);
    expect(() => checkpoint.checkUnused(['model.embed_tokens.weight'])).toThrow(
      /does not have: model\.extra\.weight\. /,
    );
    checkpoint.checkUnused(['model.embed_tokens.weight', 'model.extra.weight']);
  });

  it('refuses a config that is missing or not an object', async () => {
    await expect(openCheckpoint(filesFromMemory(new Map()))).rejects.toThrow(/no config\.json in memory/);
    await expect(open({ config: '{"model_type": ' })).rejects.toThrow(/config\.json is not valid JSON/);
    await expect(open({ config: '[]' })).rejects.toBeInstanceOf(ConfigError);
  });

  it('closes the files when it fails', async () => {
    const contents = new Map([
      ['config.json', JSON.stringify(config)],
      ['model.safetensors', 'cut off'],
    ]);
    let closed = 0;
    const files = { ...filesFromMemory(contents), close: async () => void closed++ };
    await expect(openCheckpoint(files)).rejects.toBeInstanceOf(WeightError);
    expect(closed).toBe(1);
  });
});
