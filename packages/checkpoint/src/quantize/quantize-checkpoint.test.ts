import { ConfigError, decodeFloat16, type Tensor, tensor } from '@vlmkit/core';
import { describe, expect, it } from 'vitest';
import { filesFromMemory } from '../files/memory-files.js';
import { openCheckpoint } from '../open-checkpoint.js';
import { encodeSafetensors } from '../safetensors/encode.js';
import { quantizeCheckpoint } from './quantize-checkpoint.js';
import { quantizeRows } from './quantize-rows.js';

const projection = 'model.layers.0.mlp.up_proj.weight';
const values = Float32Array.from({ length: 8 * 64 }, (_, i) => Math.sin(i) / 10);
const tensors: Readonly<Record<string, Tensor>> = {
  [projection]: tensor('float32', [8, 64], values),
  'model.norm.weight': tensor('float32', [64], new Float32Array(64).fill(2)),
};
const config = {
  model_type: 'qwen2',
  hidden_size: 64,
  intermediate_size: 8,
  num_attention_heads: 2,
  num_hidden_layers: 1,
  vocab_size: 8,
};

const open = () =>
  openCheckpoint(
    filesFromMemory(
      new Map<string, Uint8Array | string>([
        ['model.safetensors', encodeSafetensors(tensors)],
        ['config.json', JSON.stringify(config)],
      ]),
    ),
  );

describe('quantizeCheckpoint', () => {
  it('gives what a conversion would, and leaves other tensors where they lie', async () => {
    const source = await open();
    const fractions: number[] = [];
    const {
      weights,
      config: quantised,
      checkUnused,
    } = await quantizeCheckpoint(source, {
      dtype: 'q4',
      onProgress: (fraction) => fractions.push(fraction),
    });
    const names = [`${projection}.q4`, `${projection}.scales`, `${projection}.zeros`, 'model.norm.weight'];
    expect([...weights.names].sort()).toEqual(names);
    expect(weights.info('model.norm.weight')).toBe(source.weights.info('model.norm.weight'));
    const expected = quantizeRows({ values, columns: 64, blockSize: 64, bits: 4, zeros: true });
    expect((await weights.read(`${projection}.q4`)).data).toEqual(expected.packed);
    expect((await weights.read(`${projection}.scales`)).data).toEqual(decodeFloat16(expected.scales));
    expect((await weights.read(`${projection}.zeros`)).data).toEqual(expected.zeros);
    expect(fractions.at(-1)).toBeGreaterThan(0.5);
    expect(quantised.quantization).toEqual({ quantMethod: 'vlmkit', dtype: 'q4' });
    checkUnused(names);
    expect(() => checkUnused(names.slice(1))).toThrow(`${projection}.q4`);
  });

  it('adds 8-bit integers for prompts on request', async () => {
    const { weights } = await quantizeCheckpoint(await open(), { dtype: 'q8', prefill: 'int8' });
    const integers = await weights.read(`${projection}.int8`);
    const scales = await weights.read(`${projection}.scale`);
    expect(integers.dims).toEqual([1, 64, 8]);
    for (let row = 0; row < 8; row++) {
      for (let k = 0; k < 64; k++) {
        const stored = Number(integers.data[k * 8 + row]) * Number(scales.data[row]);
        expect(stored).toBeCloseTo(values[row * 64 + k]!, 3);
      }
    }
    expect(weights.has(`${projection}.q8`)).toBe(true);
  });

  it('takes blocks of the size asked for, or the largest that divides a matrix', async () => {
    const dims = async (options: Parameters<typeof quantizeCheckpoint>[1]) => {
      const { weights } = await quantizeCheckpoint(await open(), options);
      return weights.info(`${projection}.scales`).dims;
    };
    expect(await dims({ dtype: 'q4', blockSize: 16 })).toEqual([8, 4]);
    expect(await dims({ dtype: 'q4', blockSize: 128 })).toEqual([8, 1]);
    expect(await dims({ dtype: 'q8' })).toEqual([8, 2]);
  });

  it('stores keys and values in 8 bits where the rest takes 4', async () => {
    const layer = 'model.layers.0.self_attn';
    const projections = ['q_proj', 'k_proj', 'v_proj', 'o_proj'].map((name) => `${layer}.${name}.weight`);
    const files = new Map<string, Uint8Array | string>([
      [
        'model.safetensors',
        encodeSafetensors(Object.fromEntries(projections.map((name) => [name, tensors[projection]!]))),
      ],
      ['config.json', JSON.stringify(config)],
    ]);
    const { weights } = await quantizeCheckpoint(await openCheckpoint(filesFromMemory(files)), { dtype: 'q4' });
    const stored = weights.names.filter((name) => /q[48]$/.test(name));
    expect(stored).toEqual(
      ['q_proj.weight.q4', 'k_proj.weight.q8', 'v_proj.weight.q8', 'o_proj.weight.q4'].map(
        (name) => `${layer}.${name}`,
      ),
    );
  });

  it.each([{ dtype: 'q4', prefill: 'int8' }, { dtype: 'q8' }, { dtype: 'fp16' }] as const)(
    'lets timers run while it works on a tensor ($dtype)',
    async (options) => {
      const large = Uint16Array.from({ length: 1024 * 2048 }, (_, i) => 0x3c00 + (i % 251));
      const files = new Map<string, Uint8Array | string>([
        ['model.safetensors', encodeSafetensors({ [projection]: tensor('bfloat16', [1024, 2048], large) })],
        ['config.json', JSON.stringify(config)],
      ]);
      const source = await openCheckpoint(filesFromMemory(files));
      let ticks = 0;
      const timer = setInterval(() => ticks++, 5);
      const start = performance.now();
      await quantizeCheckpoint(source, options);
      const slices = (performance.now() - start) / 15;
      clearInterval(timer);
      // Without pauses no timer would run at all. Slices may be longer than they should, where other tests run beside.
      expect(ticks).toBeGreaterThan(slices / 4);
    },
  );

  it('refuses to quantise twice', async () => {
    const once = await quantizeCheckpoint(await open(), { dtype: 'q8' });
    await expect(quantizeCheckpoint(once, { dtype: 'q4' })).rejects.toBeInstanceOf(ConfigError);
  });
});
