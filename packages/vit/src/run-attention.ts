import { tensor } from '@vlmkit/core';
import type { AttentionInputs, AttentionOptions, Component, GraphBuilder, Value } from '@vlmkit/onnx-graph';
import type { Projections } from './block.js';
import type { VitConfig } from './config.js';

/*
 * Attention within sequences of different lengths that lie one after the other: windows of a page, frames of a run of the
 * encoder. Neighbours of one length are a run (start, n, s), and attend as one dense batch.
 *
 * Legend:
 * - n: sequences of a run   - s: rows of a sequence   - e: width of the encoder
 */

/** Arguments of {@link attendRuns}. */
export interface AttendRunsInput {
  readonly config: VitConfig;
  /** Rows [·, e]; `take` finds those of a run. */
  readonly projections: Projections;
  /** [·, 3] int64: start, n and s of every run. */
  readonly runs: Value;
  /** [1] the number of runs to attend, and [1] the first of them (default 0). */
  readonly count: Value;
  readonly first?: Value | undefined;
  /** Rows `start` to `end`, [1] int64 each, of a projection: [end - start, e]. */
  take(graph: GraphBuilder, x: Value, start: Value, end: Value): Value;
  /** Attention of a dense batch [n, s, e]. */
  attend(component: Component, sequences: AttentionInputs, heads: AttentionOptions): Value;
}

/**
 * ```
 * Loop over runs
 *   rows start … start + n·s of q, k, v ─► [n, s, e] ─► attention ─► [n·s, e], appended to the result
 * ```
 *
 * @returns [sum of n·s, e], in the order of the runs.
 */
export function attendRuns(block: Component, input: AttendRunsInput): Value {
  const { graph } = block;
  const { config, runs, count, first } = input;
  const body = graph.subgraph('runs', (inner) => {
    const index = inner.input('index', 'int64', []);
    const go = inner.input('go', 'bool', []);
    const done = inner.input('done', block.dtype, ['done', config.hiddenSize]);
    const run = inner.op('Gather', [runs, first ? inner.op('Add', [first, index]) : index]);
    const result = attendRun(block.on(inner), input, inner.op('Reshape', [run, inner.ints(3)]));
    inner.output('go_on', go, []);
    const joined = inner.op('Concat', [done, result], { attributes: { axis: 0 } });
    inner.output('result', joined, ['rows', config.hiddenSize]);
  });
  const none = graph.constant(tensor('float32', [0, config.hiddenSize], new Float32Array(0)), 'none');
  return graph.op('Loop', [count, undefined, block.cast(none)], { attributes: { body }, dtype: block.dtype });
}

/** Attention of the sequences of one run [3]: [n·s, e]. */
export function attendRun(component: Component, input: Omit<AttendRunsInput, 'runs' | 'count'>, run: Value): Value {
  const { graph } = component;
  const { config, projections, take, attend } = input;
  const { hiddenSize, numHeads, headDim } = config;
  const start = graph.op('Slice', [run, graph.ints(0), graph.ints(1)]);
  const extents = graph.op('Slice', [run, graph.ints(1), graph.ints(3)]);
  const end = graph.op('Add', [start, graph.op('ReduceProd', [extents])]);
  const shape = graph.op('Concat', [extents, graph.ints(hiddenSize)], { attributes: { axis: 0 } });
  const batch = (x: Value) => graph.op('Reshape', [take(graph, x, start, end), shape]);
  const mixed = attend(
    component,
    { query: batch(projections.query), key: batch(projections.key), value: batch(projections.value) },
    { heads: numHeads, headSize: headDim },
  );
  return graph.op('Reshape', [mixed, graph.ints(-1, hiddenSize)]);
}
