import type { FrameLimits, ImagePreprocessorConfig } from '@vlmkit/preprocess';
import type { SamplingOptions } from '@vlmkit/qwen-llm';
import type { Tokenizer } from '@vlmkit/tokenizer';

/** Facts about a loaded model that prompts and answers depend on. */
export interface QwenModelInfo {
  readonly family: 'qwen2_5_vl' | 'qwen2_vl' | 'qwen2';
  /** How pictures and clips are cut; absent in a text-only model. */
  readonly vision?: VisionPreprocessing;
  readonly tokenizer: Tokenizer;
  /** Ids of the placeholders; −1 in a text-only model. */
  readonly visualTokens: { readonly image: number; readonly video: number };
  /** Patches per side of one visual token. */
  readonly mergeSize: number;
  /** Temporal positions per second of video; absent where time is not scaled. */
  readonly tokensPerSecond?: number;
  /** Ids that end an answer. */
  readonly stopIds: readonly number[];
  /** Sampling defaults of the checkpoint's generation_config.json. */
  readonly sampling: SamplingOptions;
  /** Most tokens of an answer, where generation_config.json states it. */
  readonly maxNewTokens?: number;
}

/** What preprocessing takes from a checkpoint. */
export interface VisionPreprocessing {
  /** preprocessor_config.json. */
  readonly image: ImagePreprocessorConfig;
  /** Limits of a clip's frames that video_preprocessor_config.json states; Qwen's own where it states none. */
  readonly video?: FrameLimits;
}
