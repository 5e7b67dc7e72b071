import {
  type DeviceProfile,
  type EncoderInput,
  type JointEncoder,
  MediaError,
  type ModalityEncoder,
  type Runtime,
  type SessionOptions,
  type Tensor,
  tensor,
  throwIfAborted,
  type WeightSource,
} from '@vlmkit/core';
import { visionRotaryTables } from '@vlmkit/mrope';
import { patchValues, type VitConfig } from './config.js';
import { planPages } from './page-layout.js';
import { planRuns } from './plan-runs.js';
import type { VitPrecision } from './precision.js';
import { buildVitGraph } from './vit-graph.js';

/** Arguments of {@link createVit}. */
export interface CreateVitInput extends SessionOptions {
  readonly config: VitConfig;
  readonly weights: WeightSource;
  /** Where the graph runs; what it can do shapes the graph. */
  readonly runtime: Pick<Runtime, 'profile' | 'createSession'>;
  /** What dense layers compute in (default `float32`). */
  readonly dtype?: VitPrecision | undefined;
  /** Patches to compute at a time between full-attention blocks; by default as suits the device. */
  readonly pageRows?: number | undefined;
}

/** The encoder on a runtime. */
export interface Vit extends ModalityEncoder {
  /** Patches that are computed at a time between full-attention blocks. */
  readonly pageRows: number;
  /**
   * Several pictures and clips in one run, each on its own grid. Faster than separate runs where they are smaller than a
   * page, because the weights are read once for all of them.
   */
  readonly joint: JointEncoder;
}

/**
 * Loads the encoder onto a runtime.
 *
 * @throws WeightError when a tensor is missing or of another shape, RuntimeError when the device refuses the graph or does
 * not compute in the precision asked for.
 */
export async function createVit(input: CreateVitInput): Promise<Vit> {
  const { config, weights, runtime, dtype = 'float32', ...rest } = input;
  const { pageRows = defaultPageRows(runtime.profile), ...sessionOptions } = rest;
  const model = await buildVitGraph({ config, weights, profile: runtime.profile, dtype });
  const session = await runtime.createSession(model, sessionOptions);
  const encode: JointEncoder['encode'] = async (inputs, options = {}) => {
    throwIfAborted(options.signal);
    for (const segment of inputs) checkPatches(segment, config);
    const grids = inputs.map(({ grid }) => grid);
    const tables = grids.map((grid) => visionRotaryTables({ ...config, grid }));
    const result = await session.run(
      {
        patches: joinRows(inputs.map(({ patches }) => patches)),
        cos: joinRows(tables.map(({ cos }) => cos)),
        sin: joinRows(tables.map(({ sin }) => sin)),
        ...planPages({ config, grids, pageRows }),
      },
      { keep: ['features'], ...options },
    );
    return result.device('features');
  };
  return {
    featureSize: config.hiddenSize,
    pageRows,
    encode: (segment, options) => encode([segment], options),
    joint: { encode, plan: (grids) => planRuns(grids, pageRows) },
    dispose: () => session.dispose(),
  };
}

/**
 * On a processor a page's activations should stay in its cache (measured: 256 to 512 rows are best, for float32 and int8);
 * an accelerator wants more work at a time.
 */
function defaultPageRows(profile: DeviceProfile): number {
  return profile.float16 ? 4096 : 512;
}

/** Matrices of one width, one above the other; a single one is not copied. */
function joinRows(parts: readonly Tensor<'float32'>[]): Tensor<'float32'> {
  const [first] = parts;
  if (!first) throw new MediaError('There is no picture to encode.', { expected: 'at least one picture or clip' });
  if (parts.length === 1) return first;
  const rows = parts.reduce((sum, { dims }) => sum + (dims[0] ?? 0), 0);
  const data = new Float32Array(parts.reduce((sum, part) => sum + part.data.length, 0));
  let at = 0;
  for (const part of parts) {
    data.set(part.data, at);
    at += part.data.length;
  }
  return tensor('float32', [rows, ...first.dims.slice(1)], data);
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
