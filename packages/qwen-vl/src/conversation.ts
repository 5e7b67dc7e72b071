import {
  type AbortSignalLike,
  type BackboneState,
  type ForwardResult,
  type LanguageBackbone,
  PromptError,
  RuntimeError,
  type Tensor,
  tensor,
} from '@vlmkit/core';
import { doesNotFit, shorten } from './context-limit.js';
import type { Prompt } from './prompt.js';
import { type PlacedFeatures, placeFeatures, type VisionFeatures } from './vision-features.js';

/** What a turn needs. */
export interface PrefillOptions {
  /** Tokens to make room for after the prompt. */
  readonly newTokens: number;
  /** Rows of logits to compute (default 1). */
  readonly logitRows?: number | undefined;
  readonly signal?: AbortSignalLike | undefined;
}

/** The state after a prompt, ready to generate. */
export interface Prefilled extends ForwardResult {
  readonly state: BackboneState;
  /** Tokens of the prompt that were in the cache already. */
  readonly reusedTokens: number;
  /** Milliseconds of the vision modules and of the backbone. */
  readonly visionMs: number;
  readonly prefillMs: number;
}

/** How a conversation uses its cache. */
export interface ConversationOptions {
  /**
   * Tokens to make room for from the start, as far as the context allows (default 0: what the first turn needs). A
   * conversation that outgrows its cache computes its history once again, in a cache of twice the size.
   */
  readonly reserve?: number | undefined;
}

/** The part of a backbone that a conversation needs. */
export type StateSource = Pick<LanguageBackbone, 'contextLength' | 'createState'>;

interface CachedTokens {
  readonly tokenIds: readonly number[];
  /** Content at each visual segment, so that equal placeholders over other pictures are not taken for equal. */
  readonly segments: readonly { readonly start: number; readonly key: string | undefined }[];
}

/**
 * The state of one conversation. Turn by turn the prompt grows at its end; what the cache already holds of it, the
 * longest common prefix, is not computed again. A changed history falls back to the part that is unchanged.
 */
export class Conversation {
  readonly #backbone: StateSource;
  readonly #vision: VisionFeatures | undefined;
  readonly #reserve: number;
  #state: BackboneState | undefined;
  #cached: CachedTokens = { tokenIds: [], segments: [] };
  #disposed = false;

  constructor(backbone: StateSource, vision: VisionFeatures | undefined, { reserve = 0 }: ConversationOptions = {}) {
    this.#backbone = backbone;
    this.#vision = vision;
    this.#reserve = reserve;
  }

  /**
   * Brings the cache to the end of `prompt` and returns the logits of its last tokens.
   *
   * @throws PromptError when prompt and answer do not fit the model's context, RuntimeError when the conversation was
   * disposed of.
   */
  async prefill(prompt: Prompt, options: PrefillOptions): Promise<Prefilled> {
    this.assertOpen();
    const count = prompt.tokenIds.length;
    const logitRows = Math.min(options.logitRows ?? 1, count);
    const state = this.#stateFor(count + options.newTokens, prompt);
    const reused = Math.min(this.#commonPrefix(prompt), state.length, count - logitRows);
    state.truncate(reused);
    this.#remember(prompt, reused);
    const visionStart = Date.now();
    const placed = await this.#encode(prompt, { from: reused, ...options });
    const prefillStart = Date.now();
    const visual = placeFeatures(placed, reused);
    const result = await state.forward(
      {
        tokenIds: prompt.tokenIds.slice(reused),
        positions: positionsFrom(prompt.positions, reused),
        ...(visual && { visual }),
      },
      { logitRows, ...(options.signal && { signal: options.signal }) },
    );
    this.#remember(prompt, count);
    const visionMs = prefillStart - visionStart;
    return { ...result, state, reusedTokens: reused, visionMs, prefillMs: Date.now() - prefillStart };
  }

  /** Notes the tokens of an answer that went into the cache behind the prompt. */
  noteGenerated(ids: readonly number[]): void {
    const room = (this.#state?.length ?? 0) - this.#cached.tokenIds.length;
    this.#cached = { ...this.#cached, tokenIds: [...this.#cached.tokenIds, ...ids.slice(0, room)] };
  }

  /** Frees the cache, for good: a turn that waits or runs fails. */
  dispose(): void {
    this.#disposed = true;
    this.#free();
  }

  /**
   * @param cause what a turn failed by, which is of no interest when its cache was taken away.
   * @throws RuntimeError when the conversation was disposed of.
   */
  assertOpen(cause?: unknown): void {
    if (!this.#disposed) return;
    throw new RuntimeError('The chat was disposed of.', {
      remedy: 'Let its turns end before it is disposed of, or create another chat.',
      ...(cause !== undefined && { cause }),
    });
  }

  #free(): void {
    this.#state?.dispose();
    this.#state = undefined;
    this.#cached = { tokenIds: [], segments: [] };
  }

  /** The current state when it has room, or a fresh, larger one. */
  #stateFor(needed: number, { segments }: Prompt): BackboneState {
    const limit = this.#backbone.contextLength;
    if (needed > limit) throw doesNotFit(limit, `${needed}`, shorten(segments));
    if (this.#state && this.#state.capacity >= needed) return this.#state;
    const grown = Math.min(limit, Math.max(needed, this.#state ? this.#state.capacity * 2 : this.#reserve));
    this.#free();
    this.#state = this.#backbone.createState(grown);
    return this.#state;
  }

  #commonPrefix(prompt: Prompt): number {
    const { tokenIds, segments } = this.#cached;
    let length = 0;
    while (length < tokenIds.length && tokenIds[length] === prompt.tokenIds[length]) length++;
    for (const [i, { start }] of prompt.spans.entries()) {
      const cached = segments[i];
      const same = cached && cached.start === start && cached.key !== undefined && cached.key === contentKey(prompt, i);
      if (!same) return Math.min(length, start);
    }
    return length;
  }

  #remember(prompt: Prompt, length: number): void {
    this.#cached = {
      tokenIds: prompt.tokenIds.slice(0, length),
      segments: prompt.spans.map(({ start }, i) => ({ start, key: contentKey(prompt, i) })),
    };
  }

  async #encode(
    prompt: Prompt,
    options: { readonly from: number; readonly signal?: AbortSignalLike | undefined },
  ): Promise<PlacedFeatures[]> {
    const wanted = prompt.segments.flatMap((segment, i) => {
      const { start, length } = prompt.spans[i]!;
      return start + length > options.from ? [{ segment, start }] : [];
    });
    if (wanted.length === 0) return [];
    if (!this.#vision) throw new PromptError('The model has no vision modules for the picture in this prompt.');
    const encoded = await this.#vision.encode(
      wanted.map(({ segment }) => segment),
      options.signal,
    );
    return encoded.map((features, i) => ({ features, start: wanted[i]!.start }));
  }
}

function contentKey(prompt: Prompt, index: number): string | undefined {
  const segment = prompt.segments[index]!;
  return segment.key && `${segment.key}:${segment.grid.join('x')}:${segment.secondsPerGrid ?? ''}`;
}

/** Columns of [3, L] positions from token `from` on. */
function positionsFrom(positions: Tensor<'int64'>, from: number): Tensor<'int64'> {
  if (from === 0) return positions;
  const length = positions.dims[1]!;
  const data = new BigInt64Array(3 * (length - from));
  for (let axis = 0; axis < 3; axis++) {
    data.set(positions.data.subarray(axis * length + from, (axis + 1) * length), axis * (length - from));
  }
  return tensor('int64', [3, length - from], data);
}
