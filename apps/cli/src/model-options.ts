import { availableParallelism } from 'node:os';
import { type Checkpoint, openCheckpoint, quantizeCheckpoint } from '@vlmkit/checkpoint';
import { createQuantizePool, openFolder } from '@vlmkit/checkpoint/node';
import type { Runtime } from '@vlmkit/core';
import { checkpointPath } from '@vlmkit/demo-model';
import { loadQwenVL, type QwenVL } from '@vlmkit/qwen-vl';
import { createNodeMedia, type NodeMediaOptions } from '@vlmkit/qwen-vl/node';
import { createNodeRuntime } from '@vlmkit/runtime-node';
import { type Command, Option } from 'commander';
import { oneOf, positiveInteger } from './option-values.js';
import type { Progress } from './progress.js';
import { UsageError } from './usage-error.js';

/** Options that every command with a model takes. */
export interface ModelOptions {
  readonly model?: string;
  readonly device: 'auto' | 'cpu' | 'webgpu' | 'cuda';
  readonly threads?: number;
  readonly dtype?: 'float32' | 'float16' | 'q8' | 'q4';
  readonly prefillDtype?: 'int8';
}

/** Adds the model's options to a command. */
export function withModelOptions(command: Command): Command {
  return command
    .option('-m, --model <dir>', 'checkpoint folder, or a name in the Hugging Face cache (default: the demo model)')
    .addOption(
      new Option('--device <device>', 'where to compute').choices(['auto', 'cpu', 'webgpu', 'cuda']).default('auto'),
    )
    .option(
      '--dtype <dtype>',
      'precision: float32, float16, or q8 and q4, which quantise while loading',
      oneOf({ float32: 'float32', fp32: 'float32', float16: 'float16', fp16: 'float16', q8: 'q8', q4: 'q4' }),
    )
    .addOption(
      new Option(
        '--prefill-dtype <dtype>',
        'with --dtype q8 or q4: integers beside them, for faster long prompts',
      ).choices(['int8']),
    )
    .option('--threads <n>', 'threads of the CPU, as many as it has cores at most (default: all)', positiveInteger);
}

/** A model with the runtime under it. */
export interface OpenModel {
  readonly model: QwenVL;
  readonly runtime: Runtime;
  /** Milliseconds from nothing to ready. */
  readonly loadMs: number;
  close(): Promise<void>;
}

/** What {@link openModel} takes beside the command's options. */
export interface OpenModelOptions extends ModelOptions, NodeMediaOptions {
  readonly progress?: Progress;
  /** Sees the runtime before the model does, e.g. to measure its sessions. */
  readonly wrapRuntime?: (runtime: Runtime) => Runtime;
}

/** Opens the checkpoint and the device that the options name, and loads one onto the other. */
async function openModel(options: OpenModelOptions): Promise<OpenModel> {
  const { model: folder = checkpointPath(), device, threads, progress } = options;
  checkPrefill(options);
  const start = performance.now();
  const opened: (() => Promise<void>)[] = [];
  const close = async () => {
    for (let end = opened.pop(); end; end = opened.pop()) await end();
  };
  progress?.start(options.model ? `Loading ${folder}` : 'Loading the demo model');
  try {
    const checkpoint = await inPrecision(await openCheckpoint(await openFolder(folder)), options);
    opened.push(() => checkpoint.close());
    const { wrapRuntime = (plain: Runtime) => plain } = options;
    const runtime = wrapRuntime(await createNodeRuntime({ device, ...(threads !== undefined && { threads }) }));
    opened.push(() => runtime.dispose());
    const media = createNodeMedia(options);
    opened.push(() => media.dispose());
    const model = await loadQwenVL({
      checkpoint,
      runtime,
      ...(options.dtype === 'float16' && { dtype: 'float16' as const }),
      media,
      onProgress: (stage, fraction) => progress?.update(`Loading ${stage} (${Math.round(fraction * 100)} %)`),
    });
    opened.push(() => model.dispose());
    const loadMs = performance.now() - start;
    progress?.done(`Loaded on ${runtime.profile.label} in ${(loadMs / 1000).toFixed(2)} s`);
    return { model, runtime, loadMs, close };
  } catch (error) {
    progress?.fail();
    await close();
    throw error;
  }
}

function checkPrefill({ dtype, prefillDtype }: ModelOptions): void {
  if (prefillDtype === undefined || dtype === 'q4' || dtype === 'q8') return;
  throw new UsageError('--prefill-dtype int8 adds integers to weights that are quantised while loading.', {
    expected: '--dtype q4 or --dtype q8 beside it',
    remedy: 'A checkpoint of `vlmkit convert --prefill-dtype int8` holds them already: leave the option out.',
  });
}

/** The checkpoint itself, or its weights quantised in memory. */
async function inPrecision(
  checkpoint: Checkpoint,
  { dtype, prefillDtype: prefill, progress, threads }: OpenModelOptions,
): Promise<Checkpoint> {
  if (dtype !== 'q4' && dtype !== 'q8') return checkpoint;
  const pool = createQuantizePool(threads ?? availableParallelism());
  try {
    progress?.update(`Quantising to ${dtype}`);
    return await quantizeCheckpoint(checkpoint, { dtype, ...(prefill && { prefill }), quantize: pool.quantize });
  } finally {
    await pool.close();
  }
}

/** Opens a model, works with it and closes it, whatever happens. */
export async function withModel<T>(options: OpenModelOptions, work: (open: OpenModel) => Promise<T>): Promise<T> {
  const open = await openModel(options);
  try {
    return await work(open);
  } catch (error) {
    options.progress?.fail();
    throw error;
  } finally {
    await open.close();
  }
}
