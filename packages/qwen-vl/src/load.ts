import type { Checkpoint, JsonObject, VisionConfig } from '@vlmkit/checkpoint';
import { type ComputeType, ConfigError, type ModelModules, type Runtime } from '@vlmkit/core';
import { type ImagePreprocessorConfig, parseFrameLimits, parseImagePreprocessorConfig } from '@vlmkit/preprocess';
import { loadTokenizer } from '@vlmkit/tokenizer';
import type { VitPrecision } from '@vlmkit/vit';
import type { MediaSource } from './media.js';
import type { QwenModelInfo, VisionPreprocessing } from './model-info.js';
import { loadQwenModules } from './modules.js';
import type { AddedTokensInText } from './prompt.js';
import { QwenVL } from './qwen-vl.js';
import { samplingDefaults } from './sampling-defaults.js';

/** What a model is loaded from. */
export interface LoadQwenVLOptions {
  readonly checkpoint: Checkpoint;
  readonly runtime: Runtime;
  /** Reads pictures and clips. Text-only use does without. */
  readonly media?: MediaSource | undefined;
  /** Element type of the backbone's activations (default float32). */
  readonly dtype?: ComputeType | undefined;
  /** Precision of encoder and projector (default: int8 beside a quantised decoder, else that of `dtype`). */
  readonly visionDtype?: VitPrecision | undefined;
  /** Modules of your own in place of the checkpoint's. */
  readonly modules?: Partial<ModelModules> | undefined;
  /** Most tokens computed in one run of a prefill (default 512). */
  readonly prefillChunk?: number | undefined;
  /** Bytes of visual features kept for reuse (default 256 MiB). */
  readonly featureCacheBytes?: number | undefined;
  /**
   * How control tokens in messages and tools are read, where a question does not say (default `parse`, as Hugging Face's
   * processor does). Choose `plain` where messages come from people you do not know.
   */
  readonly addedTokensInText?: AddedTokensInText | undefined;
  /** Called with what is being loaded and a fraction in 0..1 of the whole. */
  readonly onProgress?: ((stage: string, fraction: number) => void) | undefined;
}

/**
 * Loads a Qwen2.5-VL, Qwen2-VL or Qwen2.5 checkpoint onto a runtime. When that fails, nothing of it stays on the runtime.
 *
 * @throws ConfigError when a file of the checkpoint is missing or states something that vlmkit cannot run, or for an unknown
 * precision.
 * @throws WeightError when a tensor is missing, left over or of the wrong shape.
 * @throws RuntimeError when the device cannot load a graph.
 */
export async function loadQwenVL(options: LoadQwenVLOptions): Promise<QwenVL> {
  const { checkpoint, media, addedTokensInText, onProgress } = options;
  checkPrecisions(options);
  onProgress?.('tokenizer', 0);
  const info = await readModelInfo(checkpoint);
  const modules = await loadModules(options);
  onProgress?.('ready', 1);
  return new QwenVL({
    info,
    modules,
    ...(media && { media }),
    ...(addedTokensInText && { addedTokensInText }),
    ...(options.featureCacheBytes !== undefined && { featureCacheBytes: options.featureCacheBytes }),
  });
}

/** What JavaScript may pass all the same. */
function checkPrecisions({ dtype, visionDtype }: LoadQwenVLOptions): void {
  const check = (option: string, value: string | undefined, known: readonly string[]) => {
    if (value === undefined || known.includes(value)) return;
    throw new ConfigError(`${option} is not a precision that a model is computed in.`, {
      expected: `one of ${known.join(', ')}`,
      actual: `"${value}"`,
      remedy:
        'For weights of 4 or 8 bits, load what `vlmkit convert` wrote, or quantizeCheckpoint(checkpoint, { dtype }) first.',
    });
  };
  check('dtype', dtype, ['float32', 'float16']);
  check('visionDtype', visionDtype, ['float32', 'float16', 'int8']);
}

function loadModules(options: LoadQwenVLOptions): Promise<ModelModules> {
  const { checkpoint, runtime, modules, dtype, visionDtype, prefillChunk, onProgress } = options;
  return loadQwenModules({
    config: checkpoint.config,
    weights: checkpoint.weights,
    checkUnused: checkpoint.checkUnused,
    runtime,
    ...(modules && { own: modules }),
    ...(dtype && { dtype }),
    ...(visionDtype && { visionDtype }),
    ...(prefillChunk !== undefined && { prefillChunk }),
    ...(onProgress && { onProgress }),
  });
}

/** Facts of a checkpoint that need no weights: tokenizer, ids, sampling defaults. */
export async function readModelInfo(checkpoint: Checkpoint): Promise<QwenModelInfo> {
  const { config, generation, preprocessor, videoPreprocessor, files } = checkpoint;
  const tokenizer = await loadTokenizer(async (name) => ((await files.has(name)) ? files.readText(name) : undefined));
  const { vision, tokens } = config;
  if (vision && !preprocessor) {
    throw new ConfigError('The checkpoint has no preprocessor_config.json.', {
      expected: 'that file, or a processor_config.json with an image_processor',
      remedy: 'Download the complete folder of the model: the file says how pictures are scaled.',
    });
  }
  return {
    family: config.family,
    tokenizer,
    visualTokens: { image: tokens?.image ?? -1, video: tokens?.video ?? -1 },
    mergeSize: vision?.spatialMergeSize ?? 2,
    stopIds: generation.eosTokenIds,
    sampling: samplingDefaults(generation),
    ...(generation.maxNewTokens !== undefined && { maxNewTokens: generation.maxNewTokens }),
    ...(vision?.tokensPerSecond !== undefined && { tokensPerSecond: vision.tokensPerSecond }),
    ...(preprocessor && vision && { vision: readVisionPreprocessing({ preprocessor, videoPreprocessor, vision }) }),
  };
}

interface VisionSettings {
  readonly preprocessor: JsonObject;
  readonly videoPreprocessor: JsonObject | undefined;
  readonly vision: VisionConfig;
}

function readVisionPreprocessing(settings: VisionSettings): VisionPreprocessing {
  const { preprocessor, videoPreprocessor, vision } = settings;
  const image = parseImagePreprocessorConfig(preprocessor);
  checkPatches(image, vision);
  return { image, video: parseFrameLimits(videoPreprocessor) };
}

/** The patches that the preprocessor makes must be those that the encoder takes. */
function checkPatches(image: ImagePreprocessorConfig, vision: VisionConfig): void {
  const pairs = [
    ['patch_size', image.patchSize, vision.patchSize],
    ['temporal_patch_size', image.temporalPatchSize, vision.temporalPatchSize],
    ['merge_size', image.mergeSize, vision.spatialMergeSize],
  ] as const;
  for (const [name, actual, expected] of pairs) {
    if (actual === expected) continue;
    throw new ConfigError(`${name} of preprocessor_config.json does not fit the model.`, {
      expected: `${expected}, as config.json has it`,
      actual: String(actual),
      remedy: 'Take both files from one published folder.',
    });
  }
}
