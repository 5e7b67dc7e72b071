import {
  type DeviceTensor,
  type EncoderInput,
  MediaError,
  type ModalityEncoder,
  type Runtime,
  type SessionOptions,
  throwIfAborted,
  type WeightSource,
  type WorkOptions,
} from '@vlmkit/core';
import { visionRotaryTables } from '@vlmkit/mrope';
import { patchValues, type VitConfig } from './config.js';
import { planPages } from './page-layout.js';
import type { VitPrecision } from './precision.js';
import { buildVitGraph } from './vit-graph.js';

/** Arguments of {@link createVit}. */
export interface CreateVitInput extends SessionOptions {
  readonly config: VitConfig;
  readonly weights: WeightSource;
  /** Where the graph runs; what it can do shapes the graph. */
  readonly runtime: Pick<Runtime, 'profile' | 'createSession'>;
  /** What dense layers compute in (default `float32`). */
  readonly dtype?: VitPrecision;
  /** Patches to compute at a time between full-attention blocks (default 1024). Smaller takes less memory. */
  readonly pageRows?: number;
}

/**
 * Loads the encoder onto a runtime.
 *
 * @throws WeightError when a tensor is missing or of another shape, RuntimeError when the device refuses the graph.
 */
export async function createVit(input: CreateVitInput): Promise<ModalityEncoder> {
  const { config, weights, runtime, dtype = 'float32', pageRows = 1024, ...sessionOptions } = input;
  const model = buildVitGraph({ config, weights, profile: runtime.profile, dtype });
  const session = await runtime.createSession(model, sessionOptions);
  return {
    featureSize: config.hiddenSize,
    async encode(segment: EncoderInput, options: WorkOptions = {}): Promise<DeviceTensor> {
      throwIfAborted(options.signal);
      checkPatches(segment, config);
      const { grid, patches } = segment;
      const { spatialMergeSize: mergeSize, headDim, ropeTheta: theta } = config;
      const { cos, sin } = visionRotaryTables({ grid, mergeSize, headDim, theta });
      const layout = planPages({ config, grids: [grid], pageRows });
      const result = await session.run({ patches, cos, sin, ...layout }, { keep: ['features'], ...options });
      return result.device('features');
    },
    dispose: () => session.dispose(),
  };
}

function checkPatches({ patches, grid }: EncoderInput, config: VitConfig): void {
  const [t, h, w] = grid;
  const expected = [t * h * w, patchValues(config)];
  if (patches.dims.length === 2 && patches.dims.every((extent, axis) => extent === expected[axis])) return;
  throw new MediaError('The patches do not fit their grid.', {
    expected: `patches [${expected.join(', ')}] for the grid [${grid.join(', ')}]`,
    actual: `[${patches.dims.join(', ')}]`,
    remedy: 'Pass the patches and the grid that the preprocessor made of one picture or clip.',
  });
}
