import { copyFile, mkdir, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { filesFromMemory, openWeights } from '@vlmkit/checkpoint';
import { elementCount, type WeightSource } from '@vlmkit/core';
import { checkpointPath } from '@vlmkit/demo-model';
import type { Message } from '../messages.js';
import { storedValues, type ValueFormula } from './golden-values.js';

const fixtures = fileURLToPath(new URL('../../../../fixtures/', import.meta.url));

/** Folder that the golden conversations' paths start from. */
export const goldenMedia = join(fixtures, 'pipeline', 'media');

/** Checkpoints of fixtures/pipeline, made by tools/golden/pipeline.py with transformers. */
export const goldenNames = [
  'qwen2_5_vl-published-float32',
  'qwen2_5_vl-nested-bfloat16-shards',
  'qwen2_5_vl-published-float16-shards',
  'qwen2_vl-published-bfloat16',
  'qwen2_vl-nested-float16-shards',
  'qwen2-published-float32',
  'qwen2-nested-bfloat16-shards',
] as const;

/** What the bytes of a case's pixels must be. */
export interface PixelDigest {
  readonly patches: number;
  /** SHA-256 of the bytes that the normalised values stand for. */
  readonly sha256: string;
}

/** One conversation and what transformers makes of it. */
export interface GoldenCase {
  readonly name: string;
  readonly messages: readonly Message[];
  /** By stage: `pixel_values`, `pixel_values_videos`. */
  readonly pixels: Readonly<Record<string, PixelDigest>>;
}

/** A checkpoint folder that was written for a test. */
export interface GoldenCheckpoint {
  readonly folder: string;
  readonly cases: readonly GoldenCase[];
  /** Reference tensors by `CASE/STAGE`. */
  readonly expected: WeightSource;
}

interface Description {
  readonly files: Readonly<Record<string, unknown>>;
  readonly headers: Readonly<Record<string, string>>;
  readonly formula: Readonly<Record<string, ValueFormula>>;
  readonly cases: readonly GoldenCase[];
}

/** The cases of a golden checkpoint, without writing it. */
export async function goldenCases(name: string): Promise<readonly GoldenCase[]> {
  return (await describe(name)).cases;
}

/** Writes a golden checkpoint, with the demo model's tokenizer, into a new temporary folder. */
export async function writeGoldenCheckpoint(name: string): Promise<GoldenCheckpoint> {
  const { files, headers, formula, cases } = await describe(name);
  const folder = await mkdtemp(join(tmpdir(), 'vlmkit-golden-'));
  await mkdir(folder, { recursive: true });
  for (const file of ['tokenizer.json', 'tokenizer_config.json', 'chat_template.jinja']) {
    await copyFile(join(checkpointPath(), file), join(folder, file));
  }
  if (!files['preprocessor_config.json']) {
    await copyFile(join(fixtures, 'tokenizer', 'qwen2.5-text.jinja'), join(folder, 'chat_template.jinja'));
  }
  for (const [file, content] of Object.entries(files)) await writeFile(join(folder, file), JSON.stringify(content));
  for (const [file, header] of Object.entries(headers)) {
    await writeFile(join(folder, file), safetensorsFile(header, formula));
  }
  const bytes = await readFile(join(fixtures, 'pipeline', `${name}.safetensors`));
  const expected = await openWeights(filesFromMemory(new Map([['model.safetensors', bytes]])));
  return { folder, cases, expected };
}

async function describe(name: string): Promise<Description> {
  return JSON.parse(await readFile(join(fixtures, 'pipeline', `${name}.json`), 'utf8')) as Description;
}

/** A safetensors file from its header, as the reference wrote it, and the formula of its values. */
function safetensorsFile(header: string, formula: Readonly<Record<string, ValueFormula>>): Uint8Array {
  const text = Buffer.from(header, 'utf8');
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  const parts: { readonly begin: number; readonly bytes: Uint8Array }[] = [];
  for (const [name, entry] of Object.entries(JSON.parse(header) as Readonly<Record<string, HeaderEntry>>)) {
    if (name === '__metadata__') continue;
    const values = storedValues({ name, dtype: entry.dtype, count: elementCount(entry.shape) }, formula[name]!);
    parts.push({ begin: entry.data_offsets[0], bytes: new Uint8Array(values.buffer) });
  }
  parts.sort((a, b) => a.begin - b.begin);
  return Buffer.concat([length, text, ...parts.map(({ bytes }) => bytes)]);
}

interface HeaderEntry {
  readonly dtype: 'F32' | 'F16' | 'BF16';
  readonly shape: readonly number[];
  readonly data_offsets: readonly [begin: number, end: number];
}
