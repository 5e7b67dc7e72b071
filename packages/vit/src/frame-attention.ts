import { type DeviceProfile, tensor } from '@vlmkit/core';
import { attention, type Component, type GraphBuilder, tiledAttention, type Value } from '@vlmkit/onnx-graph';
import type { Projections } from './block.js';
import type { VitConfig } from './config.js';

/** Arguments of {@link frameAttention}. */
export interface FrameAttentionInput {
  /** Queries, keys and values in page rows, [g·r, e] each. */
  readonly projections: Projections;
  /** [p] page row of every patch. */
  readonly places: Value;
  /** [f, 3] first patch, number of frames, patches of a frame. */
  readonly frames: Value;
}

/**
 * Attention of every frame within itself: [p, e], in the order of the patches.
 *
 * ```
 * Loop over runs of equal frames
 *   places[start : start + n·s] ─► Gather q, k, v ─► [n, s, e] ─► attention ─► append to the result
 * ```
 */
export function frameAttention(block: Component, input: FrameAttentionInput, config: VitConfig): Value {
  const { graph } = block;
  const { hiddenSize, numHeads, headDim } = config;
  const { projections, places, frames } = input;
  const body = graph.subgraph('frames', (inner) => {
    const names = loopNames(inner, 'frames');
    const index = inner.input(names('index'), 'int64', []);
    const go = inner.input(names('go'), 'bool', []);
    const done = inner.input(names('done'), block.dtype, ['done', hiddenSize]);
    const run = inner.op('Gather', [frames, index]);
    const start = inner.op('Slice', [run, inner.ints(0), inner.ints(1)]);
    const extents = inner.op('Slice', [run, inner.ints(1), inner.ints(3)]);
    const end = inner.op('Add', [start, inner.op('ReduceProd', [extents])]);
    const rows = inner.op('Slice', [places, start, end]);
    const shape = inner.op('Concat', [extents, inner.ints(hiddenSize)], { attributes: { axis: 0 } });
    const batch = (x: Value) => inner.op('Reshape', [inner.op('Gather', [x, rows]), shape]);
    const sequences = {
      query: batch(projections.query),
      key: batch(projections.key),
      value: batch(projections.value),
    };
    const heads = { heads: numHeads, headSize: headDim };
    // The fused kernel works in tiles by itself.
    const mixed =
      block.profile.attention === 'fused'
        ? attention(block.on(inner), sequences, heads)
        : tiledAttention(block.on(inner), sequences, { ...heads, tileBytes: tileBytes(block.profile) });
    const flat = inner.op('Reshape', [mixed, inner.ints(-1, hiddenSize)]);
    inner.output(names('goOn'), go, []);
    inner.output(names('result'), inner.op('Concat', [done, flat], { attributes: { axis: 0 } }), ['rows', hiddenSize]);
  });
  const none = block.cast(graph.constant(tensor('float32', [0, hiddenSize], new Float32Array(0)), 'none'));
  return graph.op('Loop', [firstExtent(graph, frames), undefined, none], {
    attributes: { body },
    dtype: block.dtype,
  });
}

/** Most bytes of a tile's scores: enough to keep a device busy, little beside the features of a large picture. */
export const scoreBytes = 64 * 2 ** 20;

function tileBytes({ maxBufferBytes }: DeviceProfile): number {
  return Math.min(scoreBytes, maxBufferBytes / 2);
}

/** Extent 0 of `value`, as [1] int64. */
export function firstExtent(graph: GraphBuilder, value: Value): Value {
  return graph.op('Shape', [value], { attributes: { start: 0, end: 1 }, dtype: 'int64' });
}

/** Names for the formal inputs and outputs of a loop's body, which must be unlike all others in the graph. */
export function loopNames(graph: GraphBuilder, loop: string): (name: string) => string {
  return (name) => `${graph.path}/${loop}.${name}`;
}
