/**
 * The fields of `vision_config` that shape the encoder. `VisionConfig` of @vlmkit/checkpoint has them all.
 * Nothing here has a default: every value is the checkpoint's.
 */
export interface VitConfig {
  /** Number of blocks. */
  readonly depth: number;
  /** Width e of the blocks. */
  readonly hiddenSize: number;
  /** Width of the feed-forward layer. */
  readonly intermediateSize: number;
  readonly numHeads: number;
  readonly headDim: number;
  /** Activation of the feed-forward layer: `silu`, `quick_gelu` or `gelu`. */
  readonly hiddenAct: string;
  /** `gated`: down(act(gate(x)) * up(x)); `plain`: fc2(act(fc1(x))). */
  readonly feedForward: 'gated' | 'plain';
  /** Kind of the blocks' norms. */
  readonly norm: 'rms' | 'layer';
  /** Added to the variance in norms. */
  readonly normEps: number;
  /** Base of the rotary frequencies. */
  readonly ropeTheta: number;
  readonly inChannels: number;
  /** Side of a patch in pixels. */
  readonly patchSize: number;
  /** Frames in a patch. */
  readonly temporalPatchSize: number;
  /** Side, in patches, of the square that becomes one visual token. */
  readonly spatialMergeSize: number;
  /** Windowed attention; absent when every block attends over the whole frame. */
  readonly window?: VitWindow;
}

/** Attention inside windows. */
export interface VitWindow {
  /** Side of a window in pixels. */
  readonly windowSize: number;
  /** Blocks that attend over the whole frame all the same. */
  readonly fullAttentionBlocks: readonly number[];
}

/** Values of one patch: channels, frames, rows and columns. */
export function patchValues(config: VitConfig): number {
  return config.inChannels * config.temporalPatchSize * config.patchSize ** 2;
}

/** Whether block `index` attends over the whole frame. */
export function isFullAttention(config: VitConfig, index: number): boolean {
  return config.window?.fullAttentionBlocks.includes(index) ?? true;
}
