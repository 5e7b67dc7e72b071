import { type AbortSignalLike, encodeUtf8, TimeSlices, throwIfAborted } from '@vlmkit/core';
import { type JsonObject, readJson } from '../files/json.js';
import type { Checkpoint } from '../open-checkpoint.js';
import { convertTensor, planTensor, type TensorPlan } from '../quantize/convert-tensor.js';
import { quantizationConfig } from '../quantize/quantization-config.js';
import { refuseQuantized } from '../quantize/quantize-checkpoint.js';
import { quantizeSteps, type RowQuantizer } from '../quantize/quantize-rows.js';
import { quantizationScheme, type SchemeOptions, treatmentOf } from '../quantize/scheme.js';
import { inSlices } from '../quantize/steps.js';
import { SafetensorsWriter } from '../safetensors/writer.js';
import { fingerprintOf } from './fingerprint.js';
import { openManifest } from './manifest.js';
import { planShards, type ShardPlan, shardIndex, shardMetadata } from './shards.js';
import { type CheckpointTarget, removeOthers, withFile, writeFile } from './target.js';

/** Shards stay below what 32-bit browsers can hold in one buffer. */
const defaultShardBytes = 2_000_000_000;

/** Files beside the weights that a checkpoint may have; config.json comes last and apart. */
const companions = [
  'generation_config.json',
  'tokenizer.json',
  'tokenizer_config.json',
  'vocab.json',
  'merges.txt',
  'added_tokens.json',
  'special_tokens_map.json',
  'chat_template.json',
  'chat_template.jinja',
  'preprocessor_config.json',
  'video_preprocessor_config.json',
  'processor_config.json',
  'LICENSE',
  'NOTICE',
] as const;

/** Options of {@link convertCheckpoint}. */
export interface ConvertOptions extends SchemeOptions {
  readonly source: Checkpoint;
  readonly target: CheckpointTarget;
  /** Most bytes of a shard; 2 GB when left out. */
  readonly maxShardBytes?: number | undefined;
  /** Quantises rows; when left out on this thread, which does other things in between. */
  readonly quantize?: RowQuantizer | undefined;
  /** Parts of a tensor in work at a time, for a quantiser with several threads; 2 when left out. */
  readonly concurrency?: number | undefined;
  readonly onProgress?: ((progress: ConvertProgress) => void) | undefined;
  readonly signal?: AbortSignalLike | undefined;
}

/** How far a conversion is. */
export interface ConvertProgress {
  /** 0 to 1. */
  readonly fraction: number;
  /** Bytes of the source that are done, of `totalBytes`. */
  readonly doneBytes: number;
  readonly totalBytes: number;
  /** The tensor in work. */
  readonly tensor: string;
  /** The file in work. */
  readonly shard: string;
}

/** What a conversion made. */
export interface ConvertResult {
  readonly shards: readonly string[];
  /** Bytes of weights before and after. */
  readonly sourceBytes: number;
  readonly resultBytes: number;
  /** Shards taken over from an earlier, interrupted attempt. */
  readonly resumed: number;
}

/**
 * Converts a checkpoint to another precision: a folder of the same form, with quantised weights in safetensors. Memory
 * stays constant whatever the model's size. An interrupted conversion leaves its finished shards behind, and the same call
 * goes on from there; the result appears only when it is whole. The target is finished or closed afterwards.
 *
 * @throws ConfigError when the source is quantised already.
 * @throws WeightError when a weight cannot be stored in the new type.
 * @throws AbortError when `signal` is aborted.
 */
export async function convertCheckpoint(options: ConvertOptions): Promise<ConvertResult> {
  try {
    return await convert(options);
  } catch (error) {
    // What went wrong first is what counts.
    await options.target.close?.().catch(() => undefined);
    throw error;
  }
}

async function convert(options: ConvertOptions): Promise<ConvertResult> {
  const { source, target, signal } = options;
  refuseQuantized(source);
  const configJson = await readJson(source.files, 'config.json');
  const scheme = quantizationScheme(options);
  const sources = source.weights.names.map((name) => source.weights.info(name));
  const plans = sources.map((info) => planTensor(info, treatmentOf(info, scheme)));
  const shards = planShards(plans, options.maxShardBytes ?? defaultShardBytes);
  const fingerprint = await fingerprintOf(shards, source);
  const manifest = await openManifest(target, { fingerprint, shards: shards.map(({ name }) => name) });
  const progress = progressReporter(plans, options.onProgress);
  const slices = new TimeSlices();

  for (const shard of shards) {
    throwIfAborted(signal);
    if (manifest.finished.has(shard.name)) {
      progress.skip(shard);
      continue;
    }
    await writeShard(shard, { ...options, slices, progress });
    await manifest.markFinished(shard.name);
  }
  const texts = await readCompanions(source);
  if (shards.length > 1) texts.set('model.safetensors.index.json', shardIndex(shards));
  texts.set('config.json', `${JSON.stringify(convertedConfig(configJson, options), null, 2)}\n`);
  for (const [name, text] of texts) await writeFile(target, name, encodeUtf8(text));
  // A file more could become the weights that load: model.safetensors goes before an index.
  await removeOthers(target, new Set([...shards.map(({ name }) => name), ...texts.keys()]));
  await target.finish();
  return {
    shards: shards.map(({ name }) => name),
    sourceBytes: sources.reduce((sum, { byteLength }) => sum + byteLength, 0),
    resultBytes: shards.reduce((sum, { byteLength }) => sum + byteLength, 0),
    resumed: manifest.finished.size,
  };
}

interface ShardOptions extends ConvertOptions {
  readonly slices: TimeSlices;
  readonly progress: ProgressReporter;
}

async function writeShard(shard: ShardPlan, options: ShardOptions): Promise<void> {
  const { target, signal, slices, progress } = options;
  const { quantize = (rows) => inSlices(quantizeSteps(rows), slices), concurrency = 2 } = options;
  await withFile(target, shard.name, async (file) => {
    const writer = new SafetensorsWriter({
      sink: file,
      tensors: shard.tensors.flatMap(({ results }) => results),
      metadata: shardMetadata,
    });
    for (const plan of shard.tensors) {
      for await (const part of convertTensor(plan, { quantize, slices, concurrency, ...(signal && { signal }) })) {
        await writer.write(part.name, part.bytes);
        progress.advance({ plan, shard, bytes: part.sourceBytes });
      }
    }
    await writer.finish();
  });
}

/** The files beside the source's weights, by name. */
async function readCompanions({ files }: Checkpoint): Promise<Map<string, string>> {
  const texts = new Map<string, string>();
  for (const name of companions) {
    if (await files.has(name)) texts.set(name, await files.readText(name));
  }
  return texts;
}

/** config.json of the result: the source's, with how the weights are stored. */
function convertedConfig(config: JsonObject, options: SchemeOptions): JsonObject {
  const quantization = quantizationConfig(options);
  if (quantization) return { ...config, quantization_config: quantization };
  // Newer files say `dtype` where older ones say `torch_dtype`.
  return { ...config, ['dtype' in config ? 'dtype' : 'torch_dtype']: 'float16' };
}

interface ProgressReporter {
  advance(step: { readonly plan: TensorPlan; readonly shard: ShardPlan; readonly bytes: number }): void;
  skip(shard: ShardPlan): void;
}

function progressReporter(plans: readonly TensorPlan[], report: ConvertOptions['onProgress']): ProgressReporter {
  const totalBytes = plans.reduce((sum, { source }) => sum + source.byteLength, 0);
  let doneBytes = 0;
  const add = (bytes: number, tensor: string, shard: string): void => {
    doneBytes += bytes;
    report?.({ fraction: totalBytes === 0 ? 1 : doneBytes / totalBytes, doneBytes, totalBytes, tensor, shard });
  };
  return {
    advance: ({ plan, shard, bytes }) => add(bytes, plan.source.name, shard.name),
    skip: ({ name, tensors }) => {
      for (const { source } of tensors) add(source.byteLength, source.name, name);
    },
  };
}
