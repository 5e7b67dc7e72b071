import type { DataType, DeviceProfile, GraphModel, WeightSource } from '@vlmkit/core';
import { activation, Component, GraphBuilder, layerNorm, linear, rmsNorm } from '@vlmkit/onnx-graph';

/** The fields of `vision_config` that shape the merger. `VisionConfig` of @vlmkit/checkpoint has them all. */
export interface MergerConfig {
  /** Width e of the encoder's features. */
  readonly hiddenSize: number;
  /** Width h of a visual token. */
  readonly outHiddenSize: number;
  /** Side, in patches, of the square that becomes one visual token. */
  readonly spatialMergeSize: number;
  /** Kind of the norm before the merge. */
  readonly norm: 'rms' | 'layer';
  /** Added to the variance in the norm. */
  readonly normEps: number;
}

/** Arguments of {@link buildMergerGraph}. */
export interface MergerGraphInput {
  readonly config: MergerConfig;
  /** Must hold the tensors under `visual.merger.`. */
  readonly weights: WeightSource;
  readonly profile: DeviceProfile;
  /** Element type of activations (default `float32`). */
  readonly dtype?: Extract<DataType, 'float32' | 'float16'>;
}

/**
 * Builds the projector's graph: neighbours in a square of m x m patches become one token.
 *
 * ```
 * features [p, e] ─► ln_q ─► [p/m², m²·e] ─► mlp.0 ─► GELU ─► mlp.2 ─► tokens [v, h]
 * ```
 *
 * Legend:
 * - p: patches, in merge order   - e: width of the encoder   - m: spatial merge size
 * - v: visual tokens, p/m²       - h: width of the backbone
 *
 * @throws WeightError when a tensor is missing or of another shape.
 */
export function buildMergerGraph(input: MergerGraphInput): GraphModel {
  const { config, weights, profile, dtype = 'float32' } = input;
  const { hiddenSize, outHiddenSize, spatialMergeSize } = config;
  const graph = new GraphBuilder();
  const merger = new Component({ graph, weights, profile, dtype }, 'visual.merger');
  const features = graph.input('features', 'float32', ['patches', hiddenSize]);
  const normOptions = { size: hiddenSize, epsilon: config.normEps };
  const norm = config.norm === 'rms' ? rmsNorm : layerNorm;
  const normed = norm(merger, 'ln_q', merger.cast(features), normOptions);
  const merged = hiddenSize * spatialMergeSize ** 2;
  const joined = graph.op('Reshape', [normed, graph.ints(-1, merged)]);
  const inner = linear(merger, 'mlp.0', joined, { inputs: merged, outputs: merged, bias: true });
  const tokens = linear(merger, 'mlp.2', activation(graph, 'gelu', inner), {
    inputs: merged,
    outputs: outHiddenSize,
    bias: true,
  });
  const result = tokens.dtype === 'float32' ? tokens : graph.op('Cast', [tokens], castToFloat);
  graph.output('tokens', result, ['tokens', outHiddenSize]);
  return graph.finish('merger');
}

const castToFloat = { attributes: { to: 1 }, dtype: 'float32' } as const;
