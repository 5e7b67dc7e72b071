import type { AbortSignalLike, BackboneState, Tensor } from '@vlmkit/core';
import type { TokenConstraint } from './constraint.js';
import type { PromptLookup } from './drafter.js';
import type { SampledToken, Sampler, SamplingOptions } from './sampling/index.js';

/** What a generation goes on from. */
export interface GenerateTokensOptions {
  /** The state after the prompt's prefill. */
  readonly state: BackboneState;
  /** [n, vocabulary] logits of the prefill; the last row chooses the first token. */
  readonly logits: Tensor<'float32'>;
  /** Ids of the prompt. */
  readonly promptIds: readonly number[];
  /** `ropeDelta` of the prompt's positions: a token's position is its cache slot plus this. */
  readonly ropeDelta: number;
  readonly sampler: Sampler;
  /** What the sampler was made of. With it, a device that decodes in bursts may choose tokens itself, as the sampler would. */
  readonly sampling?: SamplingOptions | undefined;
  /** Ids that end the answer. They are yielded, and not fed back. */
  readonly stopIds: readonly number[];
  readonly maxNewTokens: number;
  /** Form that the answer must have. */
  readonly constraint?: TokenConstraint | undefined;
  /**
   * Guess tokens from earlier text and let one run of the model confirm several (default false). The tokens are the
   * same as without; it pays where answers repeat their prompt.
   */
  readonly promptLookup?: PromptLookup | undefined;
  readonly signal?: AbortSignalLike | undefined;
}

/** A token of an answer. */
export interface GeneratedToken extends SampledToken {
  /** It confirmed a guess, and so needed no run of its own. */
  readonly drafted: boolean;
}
