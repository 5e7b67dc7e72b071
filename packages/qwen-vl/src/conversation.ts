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
   * conversation that outgrows its cache moves into one of twice the size, or of what it needs if that is more. It keeps what it
   * has computed where the backbone's states can grow and there is memory for both caches; else it computes its history again.
   */
  readonly reserve?: number | undefined;
}

/** The part of a backbone that a conversation needs. */
export type StateSource = Pick<LanguageBackbone, 'contextLength' | 'createState'>;

interface GrowthOptions {
  readonly capacity: number;
  readonly signal: AbortSignalLike | undefined;
}

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
    const needed = count + options.newTokens;
    this.#checkContext(needed, prompt);
    // What is not reused goes first, and is not copied when the cache grows.
    const common = Math.min(this.#commonPrefix(prompt), this.#state?.length ?? 0, count - logitRows);
    this.#state?.truncate(common);
    this.#remember(prompt, common);
    const start = Date.now();
    const state = await this.#stateFor(needed, options.signal);
    const reused = state.length;
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
    return { ...result, state, reusedTokens: reused, visionMs, prefillMs: Date.now() - start - visionMs };
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

  #checkContext(needed: number, { segments }: Prompt): void {
    const limit = this.#backbone.contextLength;
    if (needed > limit) throw doesNotFit(limit, `${needed}`, shorten(segments));
  }

  /** The current state, which grows where it has no room, or a fresh, larger one. */
  async #stateFor(needed: number, signal: AbortSignalLike | undefined): Promise<BackboneState> {
    const state = this.#state;
    if (state && state.capacity >= needed) return state;
    const wanted = Math.max(needed, state ? state.capacity * 2 : this.#reserve);
    const capacity = Math.min(this.#backbone.contextLength, wanted);
    const grown = state && (await this.#grow(state, { capacity, signal }));
    this.assertOpen();
    if (grown) return state;
    this.#free();
    this.#state = this.#backbone.createState(capacity);
    return this.#state;
  }

  /** Whether a state has grown. One that holds nothing is not worth it, and there may be no memory for two caches. */
  async #grow(state: BackboneState, { capacity, signal }: GrowthOptions): Promise<boolean> {
    if (!state.grow || state.length === 0) return false;
    try {
      await state.grow(capacity, signal && { signal });
    } catch (error) {
      this.assertOpen(error);
      if (error instanceof RuntimeError) return false;
      throw error;
    }
    return true;
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
