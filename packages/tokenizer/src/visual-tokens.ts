import { type GridThw, mergeGrid, PromptError, type VisualSegment, type VisualTokenIds } from '@vlmkit/core';

/** What the expansion of placeholders needs of a picture or clip. */
export type ExpandableSegment = Pick<VisualSegment, 'kind' | 'grid'>;

/** Arguments of {@link expandVisualTokens}. */
export interface ExpandVisualTokensInput {
  /** A rendered conversation: one placeholder per picture or clip. */
  readonly tokenIds: readonly number[];
  /** Pictures and clips in prompt order. */
  readonly segments: readonly ExpandableSegment[];
  /** `spatial_merge_size`. */
  readonly spatialMergeSize: number;
  /** Those of `<|image_pad|>` and `<|video_pad|>`. */
  readonly tokens: VisualTokenIds;
}

/** Slots of one segment: tokens start .. start + length - 1. */
export interface VisualSpan {
  readonly start: number;
  readonly length: number;
}

/** A prompt with a slot for every visual token. */
export interface ExpandedPrompt {
  readonly tokenIds: readonly number[];
  /** One per segment, in order. */
  readonly spans: readonly VisualSpan[];
}

/** Visual tokens of a grid: t * h * w / merge^2. @throws MediaError when it cannot be merged. */
export function visualTokenCount(grid: GridThw, spatialMergeSize: number): number {
  const [t, h, w] = mergeGrid(grid, spatialMergeSize);
  return t * h * w;
}

/**
 * Repeats each placeholder as often as its picture or clip has visual tokens.
 *
 * @throws PromptError when placeholders and segments differ in number, kind or order; MediaError when a grid cannot be merged.
 */
export function expandVisualTokens(input: ExpandVisualTokensInput): ExpandedPrompt {
  const { segments, tokens, spatialMergeSize } = input;
  const placeholders = input.tokenIds.filter((id) => id === tokens.image || id === tokens.video);
  const kinds = placeholders.map((id) => (id === tokens.image ? 'image' : 'video'));
  if (kinds.length !== segments.length || kinds.some((kind, i) => kind !== segments[i]!.kind)) {
    throw new PromptError('The placeholders of the prompt do not match its pictures and clips.', {
      expected: `placeholders for ${list(segments.map((segment) => segment.kind))}`,
      actual: list(kinds),
      remedy:
        'Pass one segment for every image or video part, in prompt order. <|image_pad|> or <|video_pad|> typed in a text counts as a placeholder.',
    });
  }
  const tokenIds: number[] = [];
  const spans: VisualSpan[] = [];
  for (const id of input.tokenIds) {
    if (id !== tokens.image && id !== tokens.video) {
      tokenIds.push(id);
      continue;
    }
    const length = visualTokenCount(segments[spans.length]!.grid, spatialMergeSize);
    spans.push({ start: tokenIds.length, length });
    for (let i = 0; i < length; i++) tokenIds.push(id);
  }
  return { tokenIds, spans };
}

function list(kinds: readonly string[]): string {
  return kinds.length === 0 ? 'none' : `${kinds.length} (${kinds.join(', ')})`;
}
