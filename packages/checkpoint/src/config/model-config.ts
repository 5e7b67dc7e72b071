import type { VisualTokenIds } from '@vlmkit/core';

/** Architectures that vlmkit runs, by the `model_type` of config.json. */
export type ModelFamily = 'qwen2_5_vl' | 'qwen2_vl' | 'qwen2';

/** What config.json states, in one form for every layout that it comes in. */
export interface ModelConfig {
  readonly family: ModelFamily;
  readonly text: TextConfig;
  /** Absent for a text model. */
  readonly vision?: VisionConfig;
  /** Ids that mark pictures and videos in a prompt; absent for a text model. */
  readonly tokens?: VisualTokenIds;
  /** The output head is the embedding table. `openCheckpoint` settles this by the presence of `lm_head.weight`. */
  readonly tieWordEmbeddings: boolean;
  /** How the weights were quantised by vlmkit's converter; absent for plain checkpoints. */
  readonly quantization?: QuantizationConfig;
}

/** The decoder. Field names are those of config.json in camel case. */
export interface TextConfig {
  readonly vocabSize: number;
  readonly hiddenSize: number;
  /** Width of the gated feed-forward layer. */
  readonly intermediateSize: number;
  readonly numHiddenLayers: number;
  readonly numAttentionHeads: number;
  /** Heads of keys and values; each serves numAttentionHeads / numKeyValueHeads query heads. */
  readonly numKeyValueHeads: number;
  /** Width of one head: stated, or hiddenSize / numAttentionHeads. */
  readonly headDim: number;
  readonly hiddenAct: 'silu';
  readonly rmsNormEps: number;
  readonly ropeTheta: number;
  /**
   * Pairs of rotary dimensions that follow the temporal, height and width position; they sum to headDim / 2.
   * Absent where positions have one axis.
   */
  readonly mropeSection?: readonly [temporal: number, height: number, width: number];
  /** Most tokens of one sequence. */
  readonly maxPositionEmbeddings: number;
}

/** The vision encoder and its merger. */
export interface VisionConfig {
  readonly depth: number;
  /** Width e of the blocks (`embed_dim` in Qwen2-VL's file). */
  readonly hiddenSize: number;
  /** Width of the feed-forward layer (`mlp_ratio * embed_dim` in Qwen2-VL). */
  readonly intermediateSize: number;
  readonly numHeads: number;
  readonly headDim: number;
  readonly hiddenAct: 'silu' | 'quick_gelu';
  /** `gated`: down(act(gate(x)) * up(x)), as in Qwen2.5-VL; `plain`: fc2(act(fc1(x))), as in Qwen2-VL. */
  readonly feedForward: 'gated' | 'plain';
  /** Kind of the blocks' norms: RMSNorm in Qwen2.5-VL, LayerNorm in Qwen2-VL. */
  readonly norm: 'rms' | 'layer';
  /** Added to the variance in norms. The reference fixes it at 1e-6; no config states it. */
  readonly normEps: number;
  readonly ropeTheta: number;
  readonly inChannels: number;
  /** Side of a patch in pixels. */
  readonly patchSize: number;
  /** Frames in a patch. */
  readonly temporalPatchSize: number;
  /** Side, in patches, of the square that becomes one visual token. */
  readonly spatialMergeSize: number;
  /** Width of a visual token, equal to the decoder's hiddenSize. */
  readonly outHiddenSize: number;
  /** Windowed attention; absent when every block attends over the whole frame. */
  readonly window?: WindowConfig;
  /** Temporal positions per second of video; absent where time counts frames (Qwen2-VL). */
  readonly tokensPerSecond?: number;
}

/** Attention inside windows. */
export interface WindowConfig {
  /** Side of a window in pixels. */
  readonly windowSize: number;
  /** Blocks, by index, that attend over the whole frame all the same. */
  readonly fullAttentionBlocks: readonly number[];
}

/** The `quantization_config` that vlmkit's converter writes. */
export interface QuantizationConfig {
  readonly quantMethod: 'vlmkit';
  /** What most of the decoder's weights are stored in. */
  readonly dtype: 'q4' | 'q8';
}
