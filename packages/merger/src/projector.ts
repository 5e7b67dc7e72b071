import type {
  DeviceTensor,
  InputProjector,
  Runtime,
  SessionOptions,
  Tensor,
  WeightSource,
  WorkOptions,
} from '@vlmkit/core';
import { buildMergerGraph, type MergerConfig, type MergerPrecision } from './merger-graph.js';

/** Arguments of {@link createMerger}. */
export interface CreateMergerInput extends SessionOptions {
  readonly config: MergerConfig;
  readonly weights: WeightSource;
  /** Where the graph runs; what it can do shapes the graph. */
  readonly runtime: Pick<Runtime, 'profile' | 'createSession'>;
  /** What dense layers compute in (default `float32`). */
  readonly dtype?: MergerPrecision | undefined;
}

/** A projector that also takes features from the host. */
export interface Merger extends InputProjector {
  /** [p, e] to [v, h], v = p / featuresPerToken. The caller disposes of the result. */
  project(features: DeviceTensor | Tensor<'float32'>, options?: WorkOptions): Promise<DeviceTensor>;
}

/**
 * Loads the projector onto a runtime.
 *
 * @throws WeightError when a tensor is missing or of another shape, RuntimeError when the device refuses the graph.
 */
export async function createMerger(input: CreateMergerInput): Promise<Merger> {
  const { config, weights, runtime, dtype = 'float32', ...sessionOptions } = input;
  const model = buildMergerGraph({ config, weights, profile: runtime.profile, dtype });
  const session = await runtime.createSession(model, sessionOptions);
  return {
    featuresPerToken: config.spatialMergeSize ** 2,
    tokenSize: config.outHiddenSize,
    async project(features, options: WorkOptions = {}): Promise<DeviceTensor> {
      const result = await session.run({ features }, { keep: ['tokens'], ...options });
      return result.device('tokens');
    },
    dispose: () => session.dispose(),
  };
}
