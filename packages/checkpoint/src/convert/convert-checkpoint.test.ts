import { AbortError, ConfigError, decodeFloat16, encodeFloat16, type Tensor, tensor, WeightError } from '@vlmkit/core';
import { describe, expect, it } from 'vitest';
import type { CheckpointFiles } from '../files/checkpoint-files.js';
import { filesFromMemory } from '../files/memory-files.js';
import { openCheckpoint } from '../open-checkpoint.js';
import { quantizeRows } from '../quantize/quantize-rows.js';
import { encodeSafetensors } from '../safetensors/encode.js';
import { dequantizeRows } from '../testing/dequantize-rows.js';
import { type MemoryTarget, memoryTarget } from '../testing/memory-target.js';
import { convertCheckpoint } from './convert-checkpoint.js';
import type { CheckpointTarget } from './target.js';

const config = {
  model_type: 'qwen2',
  hidden_size: 64,
  intermediate_size: 48,
  num_attention_heads: 2,
  num_hidden_layers: 1,
  vocab_size: 40,
  torch_dtype: 'bfloat16',
};

function matrix(rows: number, columns: number, seed = 1): Tensor<'float32'> {
  const values = Float32Array.from({ length: rows * columns }, (_, i) => Math.sin(i * 12.9898 + seed) * 0.05);
  return tensor('float32', [rows, columns], values);
}

const tensors: Readonly<Record<string, Tensor>> = {
  'model.embed_tokens.weight': matrix(40, 64),
  'model.layers.0.self_attn.q_proj.weight': matrix(64, 64, 2),
  'model.layers.0.self_attn.q_proj.bias': tensor(
    'float32',
    [64],
    Float32Array.from({ length: 64 }, (_, i) => i / 64),
  ),
  'model.layers.0.mlp.down_proj.weight': matrix(64, 48, 3),
  'model.layers.0.mlp.odd_proj.weight': matrix(4, 6, 4),
  'model.norm.weight': tensor('float32', [64], new Float32Array(64).fill(1.25)),
};

function sourceFiles(weights = tensors, changes: Readonly<Record<string, unknown>> = {}): CheckpointFiles {
  return filesFromMemory(
    new Map<string, Uint8Array | string>([
      ['model.safetensors', encodeSafetensors(weights)],
      ['config.json', JSON.stringify({ ...config, ...changes })],
      ['tokenizer.json', '{"version": "1.0"}'],
      ['processor_config.json', '{"image_processor": {"patch_size": 14}}'],
    ]),
    'the source',
  );
}

async function convert(files: CheckpointFiles, options: Partial<Parameters<typeof convertCheckpoint>[0]> = {}) {
  const memory = memoryTarget();
  const source = await openCheckpoint(files);
  const result = await convertCheckpoint({ source, target: memory.target, dtype: 'q4', ...options });
  return { ...memory, result, checkpoint: await openCheckpoint(filesFromMemory(memory.committed)) };
}

/** What config.json of the result says of its weights. */
function quantizationConfigOf(committed: ReadonlyMap<string, Uint8Array>): unknown {
  return JSON.parse(new TextDecoder().decode(committed.get('config.json'))).quantization_config;
}

describe('convertCheckpoint', () => {
  it('replaces linear weights, the table and the head, and keeps the rest bit for bit', async () => {
    const { checkpoint, isFinished } = await convert(sourceFiles());
    expect([...checkpoint.weights.names].sort()).toEqual([
      'model.embed_tokens.weight.q4',
      'model.embed_tokens.weight.scales',
      'model.embed_tokens.weight.zeros',
      'model.layers.0.mlp.down_proj.weight.q4',
      'model.layers.0.mlp.down_proj.weight.scales',
      'model.layers.0.mlp.down_proj.weight.zeros',
      'model.layers.0.mlp.odd_proj.weight',
      'model.layers.0.self_attn.q_proj.bias',
      'model.layers.0.self_attn.q_proj.weight.q4',
      'model.layers.0.self_attn.q_proj.weight.scales',
      'model.layers.0.self_attn.q_proj.weight.zeros',
      'model.norm.weight',
    ]);
    expect(isFinished()).toBe(true);
    expect(await checkpoint.weights.read('model.norm.weight')).toEqual(tensors['model.norm.weight']);
    // 48 columns divide by 16 only.
    expect(checkpoint.weights.info('model.layers.0.mlp.down_proj.weight.q4').dims).toEqual([64, 3, 8]);
    const query = 'model.layers.0.self_attn.q_proj.weight';
    const expected = quantizeRows({ values: matrix(64, 64, 2).data, columns: 64, blockSize: 64, bits: 4, zeros: true });
    expect(await checkpoint.weights.read(`${query}.q4`)).toEqual(tensor('uint8', [64, 1, 32], expected.packed));
    const scales = decodeFloat16(expected.scales);
    expect(await checkpoint.weights.read(`${query}.scales`)).toEqual(tensor('float32', [64, 1], scales));
    expect(await checkpoint.weights.read(`${query}.zeros`)).toEqual(tensor('uint8', [64, 1], expected.zeros!));
  });

  it('says in config.json how the weights are stored, and copies the other files', async () => {
    const { checkpoint, committed } = await convert(sourceFiles(), { dtype: 'q8', embedding: 'keep' });
    expect(checkpoint.config).toMatchObject({
      quantization: { quantMethod: 'vlmkit', dtype: 'q8' },
      tieWordEmbeddings: true,
    });
    expect(quantizationConfigOf(committed)).toMatchObject({ bits: 8, groups: { decoder: 'q8', embedding: 'keep' } });
    expect(checkpoint.weights.has('model.embed_tokens.weight')).toBe(true);
    expect([...committed.keys()].sort()).toEqual([
      'config.json',
      'model.safetensors',
      'processor_config.json',
      'tokenizer.json',
    ]);
    expect(checkpoint.preprocessor).toEqual({ patch_size: 14 });
    expect(new TextDecoder().decode(committed.get('tokenizer.json'))).toBe('{"version": "1.0"}');
  });

  it('quantises weights of every floating-point type from their own values', async () => {
    const { data } = matrix(64, 64, 2);
    const half = encodeFloat16(data);
    const brain = Uint16Array.from(new Uint32Array(data.slice().buffer), (bits) => bits >>> 16);
    const name = 'model.layers.0.self_attn.q_proj.weight';
    const originals: [Tensor, Float32Array][] = [
      [tensor('float16', [64, 64], half), decodeFloat16(half)],
      [tensor('bfloat16', [64, 64], brain), new Float32Array(Uint32Array.from(brain, (bits) => bits << 16).buffer)],
    ];
    for (const [stored, values] of originals) {
      const { checkpoint } = await convert(sourceFiles({ ...tensors, [name]: stored }));
      const expected = quantizeRows({ values, columns: 64, blockSize: 64, bits: 4, zeros: true });
      expect((await checkpoint.weights.read(`${name}.q4`)).data).toEqual(expected.packed);
    }
  });

  it('stores the decoder as 8-bit integers too, for prompts, on request', async () => {
    const { checkpoint, committed } = await convert(sourceFiles(), { prefill: 'int8', maxShardBytes: 6000 });
    const { weights } = checkpoint;
    expect(weights.names.filter((name) => name.endsWith('.int8')).sort()).toEqual([
      'model.layers.0.mlp.down_proj.weight.int8',
      'model.layers.0.self_attn.q_proj.weight.int8',
    ]);
    expect(quantizationConfigOf(committed)).toMatchObject({ groups: { decoder: 'q4', prefill: 'int8' } });
    expect([...committed.keys()].filter((name) => name.endsWith('.safetensors')).length).toBeGreaterThan(1);
    const [rows, columns] = [64, 48];
    const { data: original } = matrix(rows, columns, 3);
    const down = 'model.layers.0.mlp.down_proj.weight';
    const integers = await weights.read(`${down}.int8`);
    const scales = await weights.read(`${down}.scale`);
    expect([integers.dtype, integers.dims]).toEqual(['int8', [1, columns, rows]]);
    expect([scales.dtype, scales.dims]).toEqual(['float32', [rows]]);
    for (let row = 0; row < rows; row++) {
      const scale = Number(scales.data[row]);
      const magnitudes = original.subarray(row * columns, (row + 1) * columns).map(Math.abs);
      expect(scale * 127).toBeCloseTo(Math.max(...magnitudes), 7);
      for (let k = 0; k < columns; k++) {
        const stored = Number(integers.data[k * rows + row]) * scale;
        expect(Math.abs(stored - original[row * columns + k]!)).toBeLessThanOrEqual(scale * 0.5001);
      }
    }
    // The blocks are those of a conversion without integers.
    const plain = (await convert(sourceFiles())).checkpoint.weights;
    for (const name of plain.names) expect(await weights.read(name)).toEqual(await plain.read(name));
    await expect(convert(sourceFiles(), { dtype: 'fp16', prefill: 'int8' })).rejects.toBeInstanceOf(ConfigError);
  });

  it('quantises the vision encoder on request only', async () => {
    const name = 'visual.blocks.0.attn.qkv.weight';
    const weights = { ...tensors, [name]: matrix(96, 32) };
    expect((await convert(sourceFiles(weights))).checkpoint.weights.has(name)).toBe(true);
    const asked = await convert(sourceFiles(weights), { vision: 'q8' });
    expect(asked.checkpoint.weights.info(`${name}.q8`, [96, 1, 32]).dtype).toBe('uint8');
  });

  it('converts to float16, refusing what overflows', async () => {
    const { checkpoint } = await convert(sourceFiles(), { dtype: 'fp16' });
    expect(await checkpoint.weights.read('model.norm.weight')).toEqual(
      tensor('float16', [64], new Uint16Array(64).fill(0x3d00)),
    );
    expect(checkpoint.config.quantization).toBeUndefined();
    const large = tensor('float32', [64], new Float32Array(64).fill(1).fill(70_000, 7, 8));
    const overflowing = convert(sourceFiles({ ...tensors, 'model.norm.weight': large }), { dtype: 'fp16' });
    await expect(overflowing).rejects.toBeInstanceOf(WeightError);
    await expect(overflowing).rejects.toThrow(/model\.norm\.weight does not fit float16.*70000 at element 7/);
  });

  it('divides into shards below the limit, with an index', async () => {
    const { checkpoint, result, committed } = await convert(sourceFiles(), { maxShardBytes: 3000 });
    expect(result.shards.length).toBeGreaterThan(1);
    expect(result.shards[0]).toBe(`model-00001-of-0000${result.shards.length}.safetensors`);
    for (const name of result.shards) expect(committed.get(name)?.byteLength).toBeLessThanOrEqual(3000);
    expect(checkpoint.weights.names).toHaveLength(12);
  });

  it('works through large tensors in parts, in order', async () => {
    const rows = 300;
    const columns = 16_384;
    const large = matrix(rows, columns);
    const files = sourceFiles({ ...tensors, 'model.layers.0.self_attn.q_proj.weight': large });
    let longest = 0;
    const watched: CheckpointFiles = {
      ...files,
      read: (name, offset, length) => {
        longest = Math.max(longest, length);
        return files.read(name, offset, length);
      },
    };
    const fractions: number[] = [];
    const source = await openCheckpoint(watched);
    const memory = memoryTarget();
    // Parts that finish out of order must not be written so.
    let turn = 0;
    await convertCheckpoint({
      source,
      target: memory.target,
      dtype: 'q8',
      concurrency: 3,
      quantize: async (input) => {
        for (let wait = turn++ % 3; wait < 2; wait++) await new Promise((resolve) => setTimeout(resolve, 5));
        return quantizeRows(input);
      },
      onProgress: ({ fraction }) => fractions.push(fraction),
    });
    expect(longest).toBeLessThanOrEqual(8 << 20);
    expect(fractions.at(-1)).toBe(1);
    expect(fractions).toEqual([...fractions].sort((a, b) => a - b));
    const { weights } = await openCheckpoint(filesFromMemory(memory.committed));
    const packed = await weights.read('model.layers.0.self_attn.q_proj.weight.q8');
    const scales = await weights.read('model.layers.0.self_attn.q_proj.weight.scales');
    const again = dequantizeRows(
      { packed: packed.data as Uint8Array<ArrayBuffer>, scales: encodeFloat16(scales.data as Float32Array) },
      8,
    );
    const worst = again.reduce((most, value, i) => Math.max(most, Math.abs(value - (large.data[i] ?? 0))), 0);
    expect(worst).toBeLessThan(0.05 / 127);
  });

  it('names a tensor that cannot be quantised, and leaves nothing', async () => {
    const broken = tensor('float32', [64, 64], new Float32Array(64 * 64).fill(Number.NaN));
    const memory = memoryTarget();
    const source = await openCheckpoint(sourceFiles({ ...tensors, 'model.layers.0.self_attn.q_proj.weight': broken }));
    const converting = convertCheckpoint({ source, target: memory.target, dtype: 'q4' });
    await expect(converting).rejects.toThrow(/q_proj\.weight cannot be quantised.*not finite/);
    expect([...memory.committed.keys()]).toEqual([]);
    expect([...memory.open]).toEqual([]);
    expect(memory.isFinished()).toBe(false);
    expect(memory.isClosed()).toBe(true);
  });

  it('refuses a source that is quantised already', async () => {
    const { committed } = await convert(sourceFiles());
    const again = convert(filesFromMemory(committed));
    await expect(again).rejects.toBeInstanceOf(ConfigError);
    await expect(again).rejects.toThrow(/quantised already, as q4/);
  });
});

describe('an interrupted conversion', () => {
  const options = { dtype: 'q4', maxShardBytes: 1500 } as const;

  /** Converts until `shards` shards are finished, then aborts. */
  async function interrupt(memory: MemoryTarget, shards: number): Promise<void> {
    const signal = { aborted: false };
    const seen = new Set<string>();
    const converting = convertCheckpoint({
      source: await openCheckpoint(sourceFiles()),
      target: memory.target,
      ...options,
      signal,
      onProgress: ({ shard }) => {
        seen.add(shard);
        if (seen.size > shards) signal.aborted = true;
      },
    });
    await expect(converting).rejects.toBeInstanceOf(AbortError);
  }

  it('leaves finished shards only, and goes on from there to the same result', async () => {
    const whole = await convert(sourceFiles(), options);
    const memory = memoryTarget();
    await interrupt(memory, 2);
    expect([...memory.open]).toEqual([]);
    expect(memory.committed.has('config.json')).toBe(false);
    expect(memory.isFinished()).toBe(false);
    const source = await openCheckpoint(sourceFiles());
    const result = await convertCheckpoint({ source, target: memory.target, ...options });
    expect(result.resumed).toBeGreaterThanOrEqual(2);
    expect(Object.fromEntries(memory.committed)).toEqual(Object.fromEntries(whole.committed));
  });

  it('starts over for other weights, other options or a damaged shard', async () => {
    const others: [CheckpointFiles, object][] = [
      [sourceFiles(Object.fromEntries(Object.entries(tensors).map(([name, { dims }]) => [name, zeros(dims)]))), {}],
      [sourceFiles(), { dtype: 'q8' }],
    ];
    for (const [files, changes] of others) {
      const memory = memoryTarget();
      await interrupt(memory, 2);
      const source = await openCheckpoint(files);
      const result = await convertCheckpoint({ source, target: memory.target, ...options, ...changes });
      expect(result.resumed).toBe(0);
      const shards = [...memory.committed.keys()].filter((name) => name.endsWith('.safetensors'));
      expect(shards.sort()).toEqual([...result.shards].sort());
    }
    const memory = memoryTarget();
    await interrupt(memory, 2);
    const [first = ''] = memory.committed.keys();
    memory.committed.set(first, new Uint8Array(3));
    const source = await openCheckpoint(sourceFiles());
    await convertCheckpoint({ source, target: memory.target, ...options });
    expect(memory.committed.get(first)?.byteLength).toBeGreaterThan(3);
  });

  it('starts over where the notes cannot be read', async () => {
    const whole = await convert(sourceFiles(), options);
    for (const notes of ['', '{bad', 'null', '[]', '7', '{}', '{"fingerprint": 1}', '{"finished": {"../x": 1}}']) {
      const memory = memoryTarget();
      await interrupt(memory, 2);
      memory.committed.set('vlmkit-conversion.json', new TextEncoder().encode(notes));
      const source = await openCheckpoint(sourceFiles());
      const { resumed } = await convertCheckpoint({ source, target: memory.target, ...options });
      expect(resumed).toBe(0);
      expect(Object.fromEntries(memory.committed)).toEqual(Object.fromEntries(whole.committed));
    }
  });

  it('starts over where the notes are of the conversion, and their list is not one', async () => {
    for (const finished of [null, [], 'x', { '../x': 1, 'model.safetensors': '3' }]) {
      const memory = memoryTarget();
      await interrupt(memory, 2);
      const notes = JSON.parse(new TextDecoder().decode(memory.committed.get('vlmkit-conversion.json')));
      memory.committed.set('vlmkit-conversion.json', new TextEncoder().encode(JSON.stringify({ ...notes, finished })));
      const source = await openCheckpoint(sourceFiles());
      expect((await convertCheckpoint({ source, target: memory.target, ...options })).resumed).toBe(0);
    }
  });

  it('leaves nothing of another attempt in the result', async () => {
    const attempts = [{ dtype: 'fp16' }, { dtype: 'q4', maxShardBytes: 1500 }] as const;
    for (const [first, second] of [attempts, attempts.toReversed()] as const) {
      const memory = memoryTarget();
      const killed: CheckpointTarget = { ...memory.target, finish: () => Promise.reject(new Error('killed')) };
      const attempt = convertCheckpoint({ source: await openCheckpoint(sourceFiles()), target: killed, ...first! });
      await expect(attempt).rejects.toThrow('killed');
      // A file that some other program put there.
      memory.committed.set('model.safetensors.index.json', new Uint8Array(3));
      await convertCheckpoint({ source: await openCheckpoint(sourceFiles()), target: memory.target, ...second! });
      const fresh = await convert(sourceFiles(), second);
      expect(Object.fromEntries(memory.committed)).toEqual(Object.fromEntries(fresh.committed));
    }
  });
});

function zeros(dims: readonly number[]): Tensor {
  return tensor('float32', dims, new Float32Array(dims.reduce((product, extent) => product * extent, 1)));
}
