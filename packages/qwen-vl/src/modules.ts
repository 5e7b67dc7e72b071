import type { Checkpoint } from '@vlmkit/checkpoint';
import { type ComputeType, ConfigError, type ModelModules, type Runtime, type WeightSource } from '@vlmkit/core';
import { createMerger } from '@vlmkit/merger';
import { createQwenLlm } from '@vlmkit/qwen-llm';
import { createVit } from '@vlmkit/vit';

/** What modules are loaded from. */
export interface LoadModulesOptions {
  readonly config: Checkpoint['config'];
  readonly weights: WeightSource;
  readonly runtime: Runtime;
  /** Modules that stand in for the checkpoint's. */
  readonly own?: Partial<ModelModules>;
  readonly dtype?: ComputeType;
  readonly prefillChunk?: number;
  /** Called with the module being loaded and a fraction in 0..1 of the whole. */
  readonly onProgress?: (stage: 'vision' | 'language', fraction: number) => void;
}

/**
 * The modules of a Qwen checkpoint: encoder, projector and backbone for a vision-language model, the backbone alone for
 * a text model. Modules in `own` stand in for the checkpoint's, which are then not loaded.
 */
export async function loadQwenModules(options: LoadModulesOptions): Promise<ModelModules> {
  const { config, weights, runtime, own = {}, dtype, prefillChunk, onProgress } = options;
  const shared = { weights, runtime, ...(dtype && { dtype }) };
  const { vision } = config;
  onProgress?.('vision', 0);
  const encoder = own.encoder ?? (vision && (await createVit({ ...shared, config: vision })));
  const inputProjector = own.inputProjector ?? (vision && (await createMerger({ ...shared, config: vision })));
  onProgress?.('language', encoder ? 0.2 : 0);
  const chunk = prefillChunk === undefined ? {} : { prefillChunk };
  const backbone = own.backbone ?? (await createQwenLlm({ ...shared, ...chunk, config: config.text }));
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
