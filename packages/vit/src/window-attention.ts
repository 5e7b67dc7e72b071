import { attention, type Component, type GraphBuilder, type Value } from '@vlmkit/onnx-graph';
import type { Projections } from './block.js';
import type { VitConfig } from './config.js';
import { attendRun, attendRuns } from './run-attention.js';

/** The windows of one page. */
export interface PageWindows {
  /** [w, 3] first row in its page, number of windows, patches of a window. */
  readonly windows: Value;
  /** [1] the page's first run of windows, and [1] the number of its runs. */
  readonly first: Value;
  readonly count: Value;
  /** Scalar bool: the page has a single run. */
  readonly isUniform: Value;
}

/**
 * Attention of the windows of a page, rows [n, e]: [n, e].
 *
 * ```
 * If the page has a single run: its rows are the batch as they stand, without a copy
 * else: Loop over runs of windows of one size
 * ```
 */
export function windowAttention(block: Component, rows: Projections, page: PageWindows, config: VitConfig): Value {
  const { graph } = block;
  const branch = (name: string, build: (component: Component) => Value) =>
    graph.subgraph(name, (inner) => {
      inner.output('mixed', build(block.on(inner)), ['rows', config.hiddenSize]);
    });
  const common = { config, projections: rows, attend: attention };
  return graph.op('If', [page.isUniform], {
    attributes: {
      then_branch: branch('uniform', (component) => {
        const run = component.graph.op('Gather', [page.windows, page.first]);
        const flat = component.graph.op('Reshape', [run, component.graph.ints(3)]);
        return attendRun(component, { ...common, take: (_, x) => x }, flat);
      }),
      else_branch: branch('mixed', (component) =>
        attendRuns(component, {
          ...common,
          runs: page.windows,
          first: page.first,
          count: page.count,
          take: (inner: GraphBuilder, x, start, end) => inner.op('Slice', [x, start, end]),
        }),
      ),
    },
    dtype: block.dtype,
  });
}
