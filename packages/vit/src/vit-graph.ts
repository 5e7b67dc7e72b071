import { type DeviceProfile, type GraphModel, TimeSlices, type WeightSource } from '@vlmkit/core';
import { Component, GraphBuilder, int8Weights, type Value } from '@vlmkit/onnx-graph';
import { patchValues, type VitConfig } from './config.js';
import { frameAttention } from './frame-attention.js';
import { runPages, type StageInputs } from './page-loop.js';
import { checkPrecision, int8Layers, type VitPrecision } from './precision.js';
import { splitAtFullBlocks } from './stages.js';

/** Arguments of {@link buildVitGraph}. */
export interface VitGraphInput {
  readonly config: VitConfig;
  /** Must hold the tensors under `visual.` but not the merger's. */
  readonly weights: WeightSource;
  readonly profile: DeviceProfile;
  /** What dense layers compute in (default `float32`). */
  readonly dtype?: VitPrecision | undefined;
}

/**
 * Builds the encoder's graph, with pauses, since it takes a while.
 *
 * ```
 * patches [p, d], cos and sin [p, h/2] ── rows [g, r], pages [g, 3], windows [w, 3] deal patches out (see planPages)
 *
 *   Loop over pages: embed, windowed blocks …, first half of a full block ─► x, q, k, v
 *   full attention over frames [f, 3] ─► [p, e]
 *   Loop over pages: second half of the full block, windowed blocks …, first half of the next …
 *   …
 *   places [p] ─► Gather ─► features [p, e], in the order of the patches
 * ```
 *
 * Between two full blocks a page passes through all windowed blocks at once, so that memory beyond the features
 * themselves is that of one page.
 *
 * Legend:
 * - p: patches        - d: values of a patch   - e: width of the encoder   - h: size of a head
 * - g: pages          - r: rows of a page      - w: runs of equal windows   - f: runs of equal frames
 *
 * @throws WeightError when a tensor is missing or of another shape, ConfigError for an unknown activation, RuntimeError
 * when the device does not compute in the precision asked for.
 */
export async function buildVitGraph(input: VitGraphInput): Promise<GraphModel> {
  const { config, profile, dtype: precision = 'float32' } = input;
  checkPrecision(precision, profile);
  const weights = precision === 'int8' ? int8Weights(input.weights, int8Layers(config)) : input.weights;
  const dtype = precision === 'float16' ? 'float16' : 'float32';
  const graph = new GraphBuilder();
  const patches = graph.input('patches', 'float32', ['patches', patchValues(config)]);
  const tables = {
    cos: graph.input('cos', 'float32', ['patches', config.headDim / 2]),
    sin: graph.input('sin', 'float32', ['patches', config.headDim / 2]),
  };
  const rows = graph.input('rows', 'int32', ['pages', 'page_rows']);
  const pages = graph.input('pages', 'int64', ['pages', 3]);
  const windows = graph.input('windows', 'int64', ['window_runs', 3]);
  const places = graph.input('places', 'int32', ['patches']);
  const frames = graph.input('frames', 'int64', ['frame_runs', 3]);

  const visual = new Component({ graph, weights, profile, dtype }, 'visual');
  const stages = splitAtFullBlocks(config);
  const slices = new TimeSlices();
  let state: Value | undefined;
  let mixed: Value | undefined;
  for (const stage of stages) {
    const shared: StageInputs = { patches, tables, rows, pages, windows, state, mixed };
    const result = await runPages(visual, stage, shared, { config, slices });
    state = result.state;
    if (result.projections && stage.start !== undefined) {
      const block = visual.enter(`blocks.${stage.start}`);
      mixed = frameAttention(block, { projections: result.projections, places, frames }, config);
    }
  }
  graph.output('features', graph.op('Gather', [state, places]), ['patches', config.hiddenSize]);
  return graph.finish('vit');
}
