import type { PixelSize } from '@vlmkit/core';
import type { GroundedItem, TimeSpan } from '@vlmkit/grounding';

/** Why an answer ended. */
export type FinishReason = 'stop' | 'length' | 'abort';

/** Milliseconds that each stage of an answer took. */
export interface Timings {
  /** Reading, decoding and cutting pictures, and rendering the prompt. */
  readonly preprocessMs: number;
  /** Encoder and projector. */
  readonly visionMs: number;
  /** The prompt through the decoder. */
  readonly prefillMs: number;
  /** The tokens of the answer. */
  readonly decodeMs: number;
}

/** A picture or clip of the prompt, as the user gave it and as the model saw it. */
export interface SeenMedia {
  readonly kind: 'image' | 'video';
  readonly original: PixelSize;
  readonly resized: PixelSize;
  /** Times of a clip's sampled frames, in seconds. */
  readonly timestamps?: readonly number[];
}

/** A finished answer. */
export interface Answer {
  /** What the ids decode to, without the stopping id, and up to the stop string where one ended the answer. */
  readonly text: string;
  /** Ids of the answer, the stopping one included. */
  readonly tokenIds: readonly number[];
  /** 0 when it was aborted before its pictures were read, or while another turn of its chat was answered. */
  readonly promptTokens: number;
  /** Tokens of the prompt that came from an earlier turn's cache. */
  readonly reusedTokens: number;
  /** Tokens of the answer that confirmed a guess of prompt lookup, and cost no run of the model. */
  readonly draftedTokens: number;
  readonly finishReason: FinishReason;
  /** Pictures and clips in prompt order. */
  readonly media: readonly SeenMedia[];
  /** Boxes and points of the answer, in the pixels of the user's own pictures; empty when it holds none. */
  readonly grounding: readonly GroundedItem[];
  /** Times that an answer about a clip names, in seconds; empty when it names none. */
  readonly times: readonly TimeSpan[];
  readonly timings: Timings;
  /** Log-probabilities, when asked for, one entry a token. */
  readonly logprobs?: readonly TokenLogprob[];
}

/** Log-probability of a chosen token and of its likeliest rivals. */
export interface TokenLogprob {
  readonly id: number;
  readonly logprob: number;
  readonly top: readonly { readonly id: number; readonly logprob: number }[];
}

/** What a stream yields, in order: `prefilled` once, `text` as it becomes whole, `done` last. */
export type StreamEvent =
  | {
      readonly type: 'prefilled';
      readonly promptTokens: number;
      readonly reusedTokens: number;
      readonly timings: Timings;
    }
  | { readonly type: 'text'; readonly text: string; readonly tokens: number }
  | { readonly type: 'done'; readonly answer: Answer };
