import type { DeviceProfile, GraphModel, WeightSource } from '@vlmkit/core';
import {
  activation,
  Component,
  castTo,
  DenseInput,
  dense,
  GraphBuilder,
  type Int8Selection,
  int8Weights,
  layerNorm,
  rmsNorm,
} from '@vlmkit/onnx-graph';

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

/**
 * What the dense layers compute in; the norm is float32 always. `int8` has a scale for every row and every output of the
 * first layer, and leaves the second in float32.
 */
export type MergerPrecision = 'float32' | 'float16' | 'int8';

/** The first layer has most of the weights. The second stays as it is: what it adds in error, nothing evens out. */
const int8Layers: readonly Int8Selection[] = [{ name: 'visual.merger.mlp.0.weight' }];

/** Arguments of {@link buildMergerGraph}. */
export interface MergerGraphInput {
  readonly config: MergerConfig;
  /** Must hold the tensors under `visual.merger.`. */
  readonly weights: WeightSource;
  readonly profile: DeviceProfile;
  /** What dense layers compute in (default `float32`). */
  readonly dtype?: MergerPrecision | undefined;
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
  const { config, profile, dtype: precision = 'float32' } = input;
  const { hiddenSize, outHiddenSize, spatialMergeSize } = config;
  const weights = precision === 'int8' ? int8Weights(input.weights, int8Layers) : input.weights;
  const dtype = precision === 'float16' ? 'float16' : 'float32';
  const graph = new GraphBuilder();
  const merger = new Component({ graph, weights, profile, dtype }, 'visual.merger');
  const features = graph.input('features', 'float32', ['patches', hiddenSize]);
  const norm = config.norm === 'rms' ? rmsNorm : layerNorm;
  const normed = norm(merger.as('float32'), 'ln_q', features, { size: hiddenSize, epsilon: config.normEps });
  const merged = hiddenSize * spatialMergeSize ** 2;
  const joined = graph.op('Reshape', [merger.cast(normed), graph.ints(-1, merged)]);
  const inner = dense(merger, 'mlp.0', new DenseInput(merger, joined), { inputs: merged, outputs: merged });
  const active = new DenseInput(merger, activation(graph, 'gelu', inner));
  const tokens = dense(merger, 'mlp.2', active, { inputs: merged, outputs: outHiddenSize });
  graph.output('tokens', castTo(graph, tokens, 'float32'), ['tokens', outHiddenSize]);
  return graph.finish('merger');
}
