import type { TimeSlices } from '@vlmkit/core';
import { type Component, extent, type GraphBuilder, type RotaryTables, type Value } from '@vlmkit/onnx-graph';
import { finishBlock, type Projections, patchEmbedding, projections } from './block.js';
import type { VitConfig } from './config.js';
import type { Stage } from './stages.js';
import { type PageWindows, windowAttention } from './window-attention.js';

/** What a stage reads. */
export interface StageInputs {
  /** [p, d]. */
  readonly patches: Value;
  /** [p, h/2] each. */
  readonly tables: RotaryTables;
  /** [g, r] the patch in every row of a page. */
  readonly rows: Value;
  /** [g, 3] rows of a page that are filled, its first run of windows, the number of its runs. */
  readonly pages: Value;
  /** [w, 3] first row in its page, number of windows, patches of a window. */
  readonly windows: Value;
  /** [g·r, e] the stage before; undefined in the first. */
  readonly state: Value | undefined;
  /** [p, e] what full attention returned; undefined in the first stage. */
  readonly mixed: Value | undefined;
}

/** How a stage is built. */
export interface StageOptions {
  readonly config: VitConfig;
  /** Pauses between blocks. */
  readonly slices: TimeSlices;
}

/** What a stage returns: page rows, [g·r, e] each. */
export interface StageResult {
  readonly state: Value;
  /** For the full attention that follows. */
  readonly projections?: Projections;
}

/**
 * One stage, page by page:
 *
 * ```
 * Loop over pages
 *   pages[i] = (n, …) ─► the page's first n rows: their patches, angles and state
 *   embed | second half of a full block ─► windowed blocks ─► first half of the next full block
 *   pad to r rows ─► scan outputs [g, r, e]
 * ```
 */
export async function runPages(
  visual: Component,
  stage: Stage,
  inputs: StageInputs,
  options: StageOptions,
): Promise<StageResult> {
  const { config } = options;
  const { graph } = visual;
  const loop = graph.scope(`stage.${stage.finish ?? 'embed'}`);
  const pageRows = extent(loop, inputs.rows, 1);
  const body = await loop.slowSubgraph('pages', async (inner) => {
    const index = inner.input('index', 'int64', []);
    inner.output('go_on', inner.input('go', 'bool', []), []);
    const page = openPage(inner, index, pageRows, inputs);
    const results = await pageBody(visual.on(inner), stage, page, options);
    results.forEach((result, i) => {
      const dims = ['page_rows', config.hiddenSize];
      inner.output(`result_${i}`, padRows(inner, result, page.length, pageRows), dims);
    });
  });
  const results = stage.start === undefined ? 1 : 4;
  const scanned = loop.ops('Loop', [extent(loop, inputs.rows, 0), undefined], {
    attributes: { body },
    dtype: 'float32',
    results,
  });
  const [state, query, key, value] = scanned.map(({ name }, i) => {
    const pages: Value = { name, dtype: i === 0 ? 'float32' : visual.dtype };
    return loop.op('Reshape', [pages, loop.ints(-1, config.hiddenSize)]);
  });
  return { state: state!, ...(query && key && value ? { projections: { query, key, value } } : {}) };
}

interface Page {
  /** [n, d] or undefined after the first stage. */
  readonly pixels: Value | undefined;
  readonly tables: RotaryTables;
  /** [n, e] state and attention of the stage before. */
  readonly state: Value | undefined;
  readonly mixed: Value | undefined;
  readonly windows: PageWindows;
  /** [1] n. */
  readonly length: Value;
}

function openPage(inner: GraphBuilder, index: Value, pageRows: Value, inputs: StageInputs): Page {
  const fields = inner.op('Gather', [inputs.pages, index]);
  const field = (i: number) => inner.op('Slice', [fields, inner.ints(i), inner.ints(i + 1)]);
  const length = field(0);
  const count = field(2);
  const isUniform = inner.op('Equal', [inner.op('Squeeze', [count]), inner.int(1)], { dtype: 'bool' });
  const slots = inner.op('Gather', [inputs.rows, index]);
  const patches = inner.op('Slice', [slots, inner.ints(0), length]);
  const start = inner.op('Mul', [index, pageRows]);
  const end = inner.op('Add', [start, length]);
  const gather = (x: Value) => inner.op('Gather', [x, patches]);
  return {
    pixels: inputs.state ? undefined : gather(inputs.patches),
    tables: { cos: gather(inputs.tables.cos), sin: gather(inputs.tables.sin) },
    state: inputs.state && inner.op('Slice', [inputs.state, start, end]),
    mixed: inputs.mixed && gather(inputs.mixed),
    windows: { windows: inputs.windows, first: field(1), count, isUniform },
    length,
  };
}

/** Returns the page's state, and queries, keys and values when a full block follows. */
async function pageBody(
  visual: Component,
  stage: Stage,
  page: Page,
  { config, slices }: StageOptions,
): Promise<Value[]> {
  const block = (index: number) => visual.enter(`blocks.${index}`);
  let x =
    stage.finish === undefined || !page.state || !page.mixed
      ? patchEmbedding(visual, page.pixels!, config)
      : finishBlock(block(stage.finish), page.state, page.mixed, config);
  for (const index of stage.windowed) {
    const rows = projections(block(index), x, page.tables, config);
    x = finishBlock(block(index), x, windowAttention(block(index), rows, page.windows, config), config);
    await slices.pause();
  }
  if (stage.start === undefined) return [x];
  const { query, key, value } = projections(block(stage.start), x, page.tables, config);
  return [x, query, key, value];
}

/** Pads `x` [n, e] to the rows of the largest page: a loop's results must be of one shape. */
function padRows(inner: GraphBuilder, x: Value, length: Value, pageRows: Value): Value {
  const missing = inner.op('Sub', [pageRows, length]);
  const pads = inner.op('Concat', [inner.ints(0, 0), missing, inner.ints(0)], { attributes: { axis: 0 } });
  return inner.op('Pad', [x, pads]);
}
