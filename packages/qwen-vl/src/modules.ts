import type { Checkpoint } from '@vlmkit/checkpoint';
import { type ComputeType, ConfigError, type ModelModules, type Runtime, type WeightSource } from '@vlmkit/core';
import { createMerger } from '@vlmkit/merger';
import { createQwenLlm } from '@vlmkit/qwen-llm';
import { createVit, type VitPrecision } from '@vlmkit/vit';

/** What modules are loaded from. */
export interface LoadModulesOptions {
  readonly config: Checkpoint['config'];
  readonly weights: WeightSource;
  readonly runtime: Runtime;
  /** Modules that stand in for the checkpoint's. */
  readonly own?: Partial<ModelModules>;
  /** Element type of the backbone's activations (default float32). */
  readonly dtype?: ComputeType;
  /** Precision of encoder and projector (default: int8 beside a quantised decoder, else that of `dtype`). */
  readonly visionDtype?: VitPrecision;
  readonly prefillChunk?: number;
  /** Called with the module being loaded and a fraction in 0..1 of the whole. */
  readonly onProgress?: (stage: 'vision' | 'language', fraction: number) => void;
}

/**
 * The modules of a Qwen checkpoint: encoder, projector and backbone for a vision-language model, the backbone alone for
 * a text model. Modules in `own` stand in for the checkpoint's, which are then not loaded.
 */
export async function loadQwenModules(options: LoadModulesOptions): Promise<ModelModules> {
  const { config, weights, runtime, own = {}, dtype = 'float32', prefillChunk, onProgress } = options;
  const { vision, quantization } = config;
  const isQuantised = quantization?.dtype === 'q4' || quantization?.dtype === 'q8';
  const { visionDtype = isQuantised && runtime.profile.int8ActivationBits > 0 ? 'int8' : dtype } = options;
  const forVision = vision && { config: vision, weights, runtime, dtype: visionDtype };
  onProgress?.('vision', 0);
  const encoder = own.encoder ?? (forVision && (await createVit(forVision)));
  const inputProjector = own.inputProjector ?? (forVision && (await createMerger(forVision)));
  onProgress?.('language', encoder ? 0.2 : 0);
  const chunk = prefillChunk === undefined ? {} : { prefillChunk };
  const backbone = own.backbone ?? (await createQwenLlm({ weights, runtime, dtype, ...chunk, config: config.text }));
  onProgress?.('language', 1);
  return { ...own, ...(encoder && { encoder }), ...(inputProjector && { inputProjector }), backbone };
}

/**
 * Checks that modules fit together, whoever made them.
 *
 * @throws ConfigError naming the two widths that differ.
 */
export function checkModules({ encoder, inputProjector, backbone }: ModelModules): void {
  if ((encoder === undefined) !== (inputProjector === undefined)) {
    throw new ConfigError('An encoder and an input projector come together or not at all.');
  }
  if (inputProjector && inputProjector.tokenSize !== backbone.hiddenSize) {
    throw new ConfigError('The input projector and the backbone do not fit together.', {
      expected: `visual tokens of width ${backbone.hiddenSize}`,
      actual: `width ${inputProjector.tokenSize}`,
    });
  }
}
