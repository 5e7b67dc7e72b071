import { tensor } from '@vlmkit/core';
import { type Component, castTo } from '../component.js';
import type { Value } from '../graph-builder.js';
import { viewAs, viewRows } from '../weight-view.js';

/*
 * Dense layers on 8-bit integers. Every row of x has a scale of its own, so that a token with large activations does
 * not cost the others their precision; every output of W has one too.
 *
 *   x [s, k] ─┬─ max |x| / (z − 1) = a [s, 1] ──────────────────────────────────────┐
 *             └─ round(x / a) + z ───► [s, k] uint8 ─► MatMulIntegerToFloat(Wq, w) ─ · a ─ + b ─► y [s, n]
 *
 * Activations are unsigned with a fixed zero point z: processors multiply uint8 by int8 several times faster than int8 by
 * int8. z is 128 for 8 bits. x86 processors without VNNI add neighbouring products in 16 bits, which 255 · 127 · 2
 * overflows and 127 · 127 · 2 does not: there the profile asks for 7 bits, and z is 64.
 *
 * Legend:
 * - s: tokens   - k: inputs   - n: outputs
 */

/** Rows of activations as integers: x ≈ (values − z) · scales. */
export interface Int8Rows {
  /** [s, k] uint8. */
  readonly values: Value;
  /** [s, 1] float32. */
  readonly scales: Value;
}

/** Rows without any activation divide by this instead of zero. */
const smallestScale = 1e-30;

/** Quantises every row of x [s, k] by its largest magnitude. */
export function int8Rows(component: Component, x: Value): Int8Rows {
  const { graph } = component;
  const source = castTo(graph, x, 'float32');
  const axis = graph.ints(1);
  const highest = graph.op('ReduceMax', [source, axis]);
  const lowest = graph.op('ReduceMin', [source, axis]);
  const magnitude = graph.op('Max', [highest, graph.op('Neg', [lowest]), graph.float(smallestScale)]);
  const scales = graph.op('Mul', [magnitude, graph.float(1 / (zeroPoint(component) - 1))]);
  const perRow = graph.op('Reshape', [scales, graph.ints(-1)]);
  const zeros = graph.op('Expand', [zeroConstant(component), graph.op('Shape', [perRow], { dtype: 'int64' })]);
  const values = graph.op('QuantizeLinear', [source, perRow, zeros], { attributes: { axis: 0 }, dtype: 'uint8' });
  return { values, scales };
}

/** Shape of an 8-bit dense layer, and the part of a joint matrix that it is. */
export interface Int8LinearOptions {
  readonly inputs: number;
  readonly outputs: number;
  readonly bias?: boolean | undefined;
  /** Which of several matrices of this shape that are stored as one, such as those of `qkv`. */
  readonly part?: { readonly index: number; readonly of: number } | undefined;
  /** Take the weight as it lies in its file, rather than in an order of the processor's own (default false). */
  readonly asStored?: boolean | undefined;
}

/** Whether the checkpoint holds `layer`'s weight as 8-bit integers. */
export function hasInt8Weight(layer: Component): boolean {
  return layer.has('weight.int8');
}

/** y = x Wᵀ + b by integers, float32 [s, n]. The layer's weight is stored as `int8Weights` makes it. */
export function int8Linear(layer: Component, rows: Int8Rows, options: Int8LinearOptions): Value {
  const { inputs, outputs, part = { index: 0, of: 1 }, asStored = false } = options;
  const { graph, weights } = layer;
  const range = [part.index * outputs, (part.index + 1) * outputs] as const;
  const vector = (name: string) => viewRows(weights.info(layer.key(name), [part.of * outputs]), ...range);
  const packed = weights.info(layer.key('weight.int8'), [part.of, inputs, outputs]);
  const view = viewAs(viewRows(packed, part.index, part.index + 1), [inputs, outputs]);
  const matrix = graph.weight(view, { asStored });
  const product = graph.op(
    'MatMulIntegerToFloat',
    [rows.values, matrix, graph.float(1), graph.weight(vector('weight.scale')), zeroConstant(layer)],
    { domain: 'com.microsoft', dtype: 'float32' },
  );
  const scaled = graph.op('Mul', [product, rows.scales]);
  return options.bias
    ? graph.op('Add', [scaled, layer.as('float32').castWeight(graph.weight(vector('bias')))])
    : scaled;
}

/** The middle of the activations' range. Where the profile promises nothing, 7 bits are right on every processor. */
function zeroPoint({ profile }: Component): number {
  return 2 ** ((profile.int8ActivationBits || 7) - 1);
}

function zeroConstant(component: Component): Value {
  const zero = zeroPoint(component);
  return component.graph.shared(`uint8:${zero}`, tensor('uint8', [], Uint8Array.of(zero)));
}
