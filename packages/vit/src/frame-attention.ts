import type { DeviceProfile } from '@vlmkit/core';
import { attention, type Component, extent, tiledAttention, type Value } from '@vlmkit/onnx-graph';
import type { Projections } from './block.js';
import type { VitConfig } from './config.js';
import { attendRuns } from './run-attention.js';

/** Arguments of {@link frameAttention}. */
export interface FrameAttentionInput {
  /** Queries, keys and values in page rows, [g·r, e] each. */
  readonly projections: Projections;
  /** [p] page row of every patch. */
  readonly places: Value;
  /** [f, 3] first patch, number of frames, patches of a frame. */
  readonly frames: Value;
}

/** Attention of every frame within itself: [p, e], in the order of the patches. */
export function frameAttention(block: Component, input: FrameAttentionInput, config: VitConfig): Value {
  const { projections, places, frames } = input;
  const { profile } = block;
  return attendRuns(block, {
    config,
    projections,
    runs: frames,
    count: extent(block.graph, frames, 0),
    take: (graph, x, start, end) => graph.op('Gather', [x, graph.op('Slice', [places, start, end])]),
    // The fused kernel works in tiles by itself.
    attend: (component, sequences, heads) =>
      profile.attention === 'fused'
        ? attention(component, sequences, heads)
        : tiledAttention(component, sequences, { ...heads, tileBytes: tileBytes(profile) }),
  });
}

/** Most bytes of a tile's scores: enough to keep a device busy, little beside the features of a large picture. */
export const scoreBytes = 64 * 2 ** 20;

function tileBytes({ maxBufferBytes }: DeviceProfile): number {
  return Math.min(scoreBytes, maxBufferBytes / 2);
}
