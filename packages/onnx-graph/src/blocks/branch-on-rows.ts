import type { DataType } from '@vlmkit/core';
import { type Component, castTo } from '../component.js';
import type { GraphBuilder, Value } from '../graph-builder.js';

/** What {@link branchOnRows} builds two forms of. */
export interface RowBranchOptions {
  /** Whether a run computes many rows: a scalar bool. */
  readonly many: Value;
  /** Names of the linear layers in this part. */
  readonly layers: readonly string[];
  /** Extents of the results after their rows. */
  readonly widths: readonly number[];
  /** Element type of the results (default: that of the component). */
  readonly dtype?: DataType | undefined;
  /** Builds the part; called for each form. */
  readonly build: (component: Component) => readonly Value[];
}

/**
 * A part of a model whose linear layers are stored twice: as 8-bit integers, which many rows are computed with, and in
 * another form, such as blocks of 4 bits, which few rows read faster. Built once where there is one form only, or where
 * the device gains nothing by integers.
 *
 * ```
 *        ┌─ many ─► build on 8-bit integers ─┐
 * x [s, …]                                   If ─► results [s, width]
 *        └─ few ──► build on blocks ─────────┘
 * ```
 */
export function branchOnRows(component: Component, options: RowBranchOptions): readonly Value[] {
  const { many, layers, widths, build, dtype = component.dtype } = options;
  const stored = layers.filter((name) => component.has(`${name}.weight.int8`));
  if (stored.length === 0) return build(component);
  if (component.profile.int8ActivationBits === 0) {
    // Looked up all the same: the checkpoint may hold them, they are only of no use here.
    for (const name of stored) {
      for (const form of ['int8', 'scale']) component.weights.info(component.key(`${name}.weight.${form}`));
    }
    return build(component);
  }
  const branch = (name: string, part: (graph: GraphBuilder) => Component) =>
    component.graph.subgraph(`${layers.join('+')}:${name}`, (graph) => {
      build(part(graph)).forEach((value, i) => {
        graph.output(`result_${i}`, castTo(graph, value, dtype), ['s', widths[i]!]);
      });
    });
  return component.graph.ops('If', [many], {
    dtype,
    results: widths.length,
    attributes: {
      then_branch: branch('many_rows', (graph) => component.on(graph).forManyRows()),
      else_branch: branch('few_rows', (graph) => component.on(graph)),
    },
  });
}
