import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ConfigError, tensor } from '@vlmkit/core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { convertCheckpoint } from '../convert/convert-checkpoint.js';
import { openCheckpoint } from '../open-checkpoint.js';
import { quantizeRows } from '../quantize/quantize-rows.js';
import { encodeSafetensors } from '../safetensors/encode.js';
import { folderTarget } from './folder-target.js';
import { openFolder } from './open-folder.js';
import { createQuantizePool } from './quantize-pool.js';

let root: string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'vlmkit-target-'));
});
afterEach(() => rm(root, { recursive: true, force: true }));

describe('folderTarget', () => {
  it('shows nothing until it is finished', async () => {
    const out = join(root, 'out');
    const target = await folderTarget(out);
    const file = await target.create('config.json');
    await file.write(Uint8Array.of(0x7b));
    expect(await target.size('config.json')).toBeUndefined();
    await file.write(Uint8Array.of(0x7d));
    await file.commit();
    expect(await target.readText('config.json')).toBe('{}');
    expect(await readdir(root)).toEqual(['out.partial']);
    await target.finish();
    expect(await readdir(root)).toEqual(['out']);
    expect(await readdir(out)).toEqual(['config.json']);
  });

  it('keeps committed files for the next attempt, and drops half-written ones', async () => {
    const out = join(root, 'out');
    const first = await folderTarget(out);
    await (await first.create('a')).commit();
    await (await first.create('b')).abandon();
    await first.close?.();
    await writeFile(join(`${out}.partial`, 'c.writing'), 'half');
    const second = await folderTarget(out);
    expect(await second.list()).toEqual(['a']);
    expect(await second.size('a')).toBe(0);
    expect(await second.size('b')).toBeUndefined();
    await second.remove('a');
    await second.finish();
    expect(await readdir(out)).toEqual([]);
  });

  it('is for one attempt', async () => {
    const out = join(root, 'out');
    const target = await folderTarget(out);
    await expect(folderTarget(out)).rejects.toThrow(/out is being written by another conversion.*one of this process/);
    await target.close?.();
    expect(await readdir(root)).toEqual([]);
    expect(() => target.create('a')).toThrow(/Make another target/);
    await expect(target.finish()).rejects.toThrow(/Make another target/);
    await (await folderTarget(out)).finish();
    expect(await readdir(out)).toEqual([]);
  });

  it('is free again once its process was killed, and goes on from the files that were whole', async () => {
    const out = join(root, 'out');
    const program = `
      import { folderTarget } from '@vlmkit/checkpoint/node';
      const target = await folderTarget(${JSON.stringify(out)});
      const whole = await target.create('a');
      await whole.write(new Uint8Array(1000));
      await whole.commit();
      await (await target.create('b')).write(new Uint8Array(1000));
      console.log('at work');
      setInterval(() => undefined, 1000);`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', program]);
    await once(child.stdout, 'data');
    await expect(folderTarget(out)).rejects.toThrow(new RegExp(`one of process ${child.pid} at work`));
    child.kill('SIGKILL');
    await once(child, 'exit');
    const target = await folderTarget(out);
    expect(await target.list()).toEqual(['a']);
    expect(await target.size('a')).toBe(1000);
    await target.finish();
    expect(await readdir(out)).toEqual(['a']);
  });

  it('takes an empty folder, and refuses one with files or a file', async () => {
    await mkdir(join(root, 'empty'));
    await (await folderTarget(join(root, 'empty'))).finish();
    await writeFile(join(root, 'file'), '');
    for (const path of [root, join(root, 'file')]) await expect(folderTarget(path)).rejects.toBeInstanceOf(ConfigError);
  });

  it('refuses names outside it', async () => {
    const target = await folderTarget(join(root, 'out'));
    expect(() => target.create('../x')).toThrow(/names the file/);
  });
});

describe('a conversion on disk, with threads', () => {
  it('makes a checkpoint that opens', async () => {
    const values = Float32Array.from({ length: 64 * 64 }, (_, i) => Math.sin(i) / 10);
    await mkdir(join(root, 'in'));
    await writeFile(
      join(root, 'in', 'model.safetensors'),
      encodeSafetensors({ 'model.embed_tokens.weight': tensor('float32', [64, 64], values) }),
    );
    await writeFile(
      join(root, 'in', 'config.json'),
      JSON.stringify({
        model_type: 'qwen2',
        hidden_size: 64,
        intermediate_size: 64,
        num_attention_heads: 2,
        num_hidden_layers: 1,
        vocab_size: 64,
      }),
    );
    const source = await openCheckpoint(await openFolder(join(root, 'in')));
    const pool = createQuantizePool(2);
    try {
      const target = await folderTarget(join(root, 'out'));
      await convertCheckpoint({ source, target, dtype: 'q4', quantize: pool.quantize, concurrency: 3 });
    } finally {
      await pool.close();
      await source.close();
    }
    const converted = await openCheckpoint(await openFolder(join(root, 'out')));
    const packed = await converted.weights.read('model.embed_tokens.weight.q4');
    const zeros = await converted.weights.read('model.embed_tokens.weight.zeros');
    const expected = quantizeRows({ values, columns: 64, blockSize: 64, bits: 4, zeros: true });
    expect(packed.data).toEqual(expected.packed);
    expect(zeros.data).toEqual(expected.zeros);
    await converted.close();
  });

  it('passes on what a thread refuses, and goes on', async () => {
    const pool = createQuantizePool(1);
    try {
      const bad = { values: new Float32Array(32).fill(Number.NaN), columns: 32, blockSize: 32, bits: 4 } as const;
      const good = { ...bad, values: new Float32Array(32).fill(1) };
      const failing = pool.quantize(bad);
      const working = pool.quantize(good);
      const refused = await failing.catch((error: unknown) => error);
      expect(refused).toBeInstanceOf(RangeError);
      expect(refused).toMatchObject({ message: expect.stringMatching(/not finite/) });
      expect((await working).packed).toHaveLength(16);
    } finally {
      await pool.close();
    }
    const late = pool.quantize({ values: new Float32Array(32), columns: 32, blockSize: 32, bits: 4 });
    await expect(late).rejects.toThrow(/closed/);
  });
});

describe('threads', () => {
  it('start in a program that is given on the command line, and keep it alive while they work', async () => {
    const program = `
      import { createQuantizePool } from '@vlmkit/checkpoint/node';
      const rows = { values: new Float32Array(32), columns: 32, blockSize: 32, bits: 4 };
      const { packed } = await createQuantizePool(1).quantize(rows);
      console.log(packed.length);`;
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', program]);
    expect(stdout).toBe('16\n');
  });
});
