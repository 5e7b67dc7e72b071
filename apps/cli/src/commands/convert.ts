import { availableParallelism } from 'node:os';
import { type BlockSize, type ConvertResult, convertCheckpoint, openCheckpoint } from '@vlmkit/checkpoint';
import { createQuantizePool, openFolder } from '@vlmkit/checkpoint/node';
import { AbortError } from '@vlmkit/core';
import { Command, Option } from 'commander';
import { deferredTarget } from '../deferred-target.js';
import { InterruptedError, withInterrupt } from '../interrupt.js';
import { oneOf, positiveInteger } from '../option-values.js';
import { createProgress, type Progress } from '../progress.js';
import { UsageError } from '../usage-error.js';

interface ConvertCommandOptions {
  readonly dtype: 'q4' | 'q8' | 'fp16';
  readonly vision?: 'q4' | 'q8' | 'fp16' | 'keep';
  readonly embedding?: 'q4' | 'q8' | 'fp16' | 'keep';
  readonly prefillDtype?: 'int8';
  readonly blockSize?: '16' | '32' | '64' | '128';
  readonly maxShardMb?: number;
  readonly threads?: number;
}

/** `vlmkit convert SRC OUT --dtype q4` */
export function convertCommand(): Command {
  const precisions = { q4: 'q4', q8: 'q8', fp16: 'fp16', float16: 'fp16' } as const;
  const precision = oneOf(precisions);
  const groupPrecision = oneOf({ ...precisions, keep: 'keep' });
  return new Command('convert')
    .description('Write a checkpoint in another precision: the same folder with quantised weights, ready to run.')
    .argument('<source>', 'checkpoint folder, or a name in the Hugging Face cache')
    .argument('<out>', 'folder to write; an interrupted conversion goes on where it stopped')
    .option('--dtype <dtype>', 'precision of the decoder: q4, q8 or fp16', precision, 'q4')
    .option(
      '--embedding <dtype>',
      'precision of embedding and head: q4, q8, fp16 or keep (default: as --dtype)',
      groupPrecision,
    )
    .option(
      '--vision <dtype>',
      'precision of the vision encoder: q4, q8, fp16 or keep (default: as it is)',
      groupPrecision,
    )
    .addOption(
      new Option(
        '--prefill-dtype <dtype>',
        'also store the decoder as integers: CPUs then read long prompts faster',
      ).choices(['int8']),
    )
    .addOption(
      new Option('--block-size <n>', 'weights that share a scale (default: 128 for q4, 32 for q8)').choices([
        '16',
        '32',
        '64',
        '128',
      ]),
    )
    .option('--max-shard-mb <n>', 'most megabytes of one weight file (default: 2000)', positiveInteger)
    .option('--threads <n>', 'threads that quantise', positiveInteger)
    .action(convert);
}

async function convert(source: string, out: string, options: ConvertCommandOptions): Promise<void> {
  requireBlocks(options);
  const progress = createProgress();
  const start = performance.now();
  try {
    const result = await withInterrupt((signal) => {
      progress.start(`Converting ${source}`);
      return run({ source, out, options, progress, signal });
    });
    progress.done(summary(out, result, performance.now() - start));
  } catch (error) {
    progress.fail();
    if (!(error instanceof AbortError)) throw error;
    throw new InterruptedError('Interrupted.', { remedy: 'Run the same command again to go on where it stopped.' });
  }
}

/** Refuses a size of blocks where no weights are stored in blocks. */
function requireBlocks({ dtype, embedding, vision, blockSize }: ConvertCommandOptions): void {
  const hasBlocks = [dtype, embedding, vision].some((precision) => precision === 'q4' || precision === 'q8');
  if (blockSize === undefined || hasBlocks) return;
  throw new UsageError('--block-size is of quantised weights.', {
    expected: '--dtype, --embedding or --vision q4 or q8 beside it',
    actual: `--dtype ${dtype}`,
    remedy: 'Leave --block-size out, or choose q4 or q8.',
  });
}

interface Conversion {
  readonly source: string;
  readonly out: string;
  readonly options: ConvertCommandOptions;
  readonly progress: Progress;
  readonly signal: AbortSignal;
}

async function run({ source, out, options, progress, signal }: Conversion): Promise<ConvertResult> {
  const checkpoint = await openCheckpoint(await openFolder(source));
  const pool = createQuantizePool(options.threads ?? availableParallelism());
  try {
    const { dtype, vision, embedding, prefillDtype: prefill, blockSize, maxShardMb } = options;
    return await convertCheckpoint({
      source: checkpoint,
      target: deferredTarget(out),
      dtype,
      ...(vision && { vision }),
      ...(embedding && { embedding }),
      ...(prefill && { prefill }),
      ...(blockSize && { blockSize: Number(blockSize) as BlockSize }),
      ...(maxShardMb && { maxShardBytes: maxShardMb * 1e6 }),
      quantize: pool.quantize,
      concurrency: pool.threads,
      signal,
      onProgress: ({ fraction, tensor }) => progress.update(`${Math.round(fraction * 100)} % ${tensor}`),
    });
  } finally {
    await pool.close();
    await checkpoint.close();
  }
}

function summary(out: string, { sourceBytes, resultBytes, shards, resumed }: ConvertResult, ms: number): string {
  const kept = resumed > 0 ? `, ${resumed} from an earlier attempt` : '';
  const files = `${shards.length} file${shards.length === 1 ? '' : 's'}${kept}`;
  return `Wrote ${out}: ${size(sourceBytes)} became ${size(resultBytes)} in ${files}, ${(ms / 1000).toFixed(1)} s`;
}

/** Bytes for people. */
export function size(bytes: number): string {
  return bytes < 1e9 ? `${(bytes / 1e6).toFixed(1)} MB` : `${(bytes / 1e9).toFixed(2)} GB`;
}
