import type { Checkpoint } from '@vlmkit/checkpoint';
import { type ComputeType, ConfigError, type ModelModules, type Runtime, type WeightSource } from '@vlmkit/core';
import { createMerger } from '@vlmkit/merger';
import { createQwenLlm } from '@vlmkit/qwen-llm';
import { createVit, type VitPrecision } from '@vlmkit/vit';
import { createModuleLoader, type LoadProgress } from './load-progress.js';
import { trackWeights } from './tracked-weights.js';

/** What modules are loaded from. */
export interface LoadModulesOptions {
  readonly config: Checkpoint['config'];
  readonly weights: WeightSource;
  readonly runtime: Runtime;
  /** Modules that stand in for the checkpoint's. */
  readonly own?: Partial<ModelModules> | undefined;
  /** Element type of the backbone's activations (default float32). */
  readonly dtype?: ComputeType | undefined;
  /** Precision of encoder and projector (default: int8 beside a quantised decoder, else that of `dtype`). */
  readonly visionDtype?: VitPrecision | undefined;
  readonly prefillChunk?: number | undefined;
  /** Refuses tensors that nobody asked for; not called beside modules of one's own, which leave those of the checkpoint over. */
  readonly checkUnused?: Checkpoint['checkUnused'] | undefined;
  /** Called as the bytes of the modules are loaded. */
  readonly onProgress?: LoadProgress | undefined;
}

/** Modules as they come. */
type Loading = { -readonly [M in keyof ModelModules]?: ModelModules[M] };

/**
 * The modules of a Qwen checkpoint: encoder, projector and backbone for a vision-language model, the backbone alone for
 * a text model. Modules in `own` stand in for the checkpoint's, which are then not loaded. When loading fails, what was
 * loaded is freed; modules in `own` stay as they are.
 *
 * @throws WeightError when a tensor is missing, left over or of the wrong shape.
 * @throws RuntimeError when the device cannot load a graph.
 * @throws ConfigError when the modules do not fit together.
 */
export async function loadQwenModules(options: LoadModulesOptions): Promise<ModelModules> {
  const { config, runtime, own = {}, dtype = 'float32', prefillChunk } = options;
  const { vision, quantization } = config;
  const isQuantised = quantization?.dtype === 'q4' || quantization?.dtype === 'q8';
  const { visionDtype = isQuantised && runtime.profile.int8ActivationBits > 0 ? 'int8' : dtype } = options;
  const weights = trackWeights(options.weights);
  const forVision = vision && { config: vision, weights, runtime, dtype: visionDtype };
  const chunk = prefillChunk === undefined ? {} : { prefillChunk };
  const forLanguage = { config: config.text, weights, runtime, dtype, ...chunk };
  const loaded = createModuleLoader(options.weights, own, options.onProgress);
  const modules: Loading = { ...own };
  try {
    if (forVision) {
      modules.encoder ??= await loaded('encoder', (onProgress) => createVit({ ...forVision, onProgress }));
      modules.inputProjector ??= await loaded('inputProjector', (onProgress) =>
        createMerger({ ...forVision, onProgress }),
      );
    }
    modules.backbone ??= await loaded('backbone', (onProgress) => createQwenLlm({ ...forLanguage, onProgress }));
    if (Object.keys(own).length === 0) options.checkUnused?.(weights.used);
    const complete = { ...modules, backbone: modules.backbone };
    checkModules(complete);
    return complete;
  } catch (error) {
    const fresh = Object.entries(modules).filter(([name, module]) => module !== own[name as keyof ModelModules]);
    await Promise.allSettled(fresh.map(([, module]) => module.dispose()));
    throw error;
  }
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
