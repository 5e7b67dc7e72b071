import { type GridThw, int64, mergeGrid, PromptError, type Tensor, type VisualTokenIds } from '@vlmkit/core';

/*
 * M-RoPE (Wang et al., "Qwen2-VL", 2024, section 2.1; absolute time: Bai et al., "Qwen2.5-VL Technical Report", 2025, section 2.1.2).
 *
 *          text  text │ picture, 1 x 2 x 3 tokens │ text
 *    t      0     1   │  2   2   2   2   2   2    │  5
 *    h      0     1   │  2   2   2   3   3   3    │  5
 *    w      0     1   │  2   3   4   2   3   4    │  5      5 = 1 + the largest position so far, on any axis
 *
 * Legend:
 * - L: tokens of the sequence
 * - t, h, w: temporal, height and width axis
 */

/** What positions depend on, of one picture or clip. A `VisualSegment` is one. */
export interface PositionedSegment {
  readonly kind: 'image' | 'video';
  /** Patches per axis, before the spatial merge. */
  readonly grid: GridThw;
  /** Video only: seconds that one temporal step covers (1 when left out, as the authors do). */
  readonly secondsPerGrid?: number | undefined;
}

/** How a model places tokens. */
export interface RopeIndexConfig {
  /** `vision_config.spatial_merge_size`: patches per side of one visual token. */
  readonly spatialMergeSize: number;
  /** `vision_config.tokens_per_second` of Qwen2.5-VL. Left out (Qwen2-VL), a video's temporal steps count 0, 1, 2, ... */
  readonly tokensPerSecond?: number | undefined;
  /** Ids of the placeholders. */
  readonly tokens: VisualTokenIds;
}

/** Arguments of {@link ropeIndex}. */
export interface RopeIndexInput extends RopeIndexConfig {
  /** The L ids of the prompt, placeholders expanded. */
  readonly tokenIds: ArrayLike<number>;
  /** Pictures and clips in prompt order. */
  readonly segments: readonly PositionedSegment[];
}

/** Positions of a prompt. */
export interface RopeIndex {
  /** [3, L]: temporal, height and width position of every token. */
  readonly positions: Tensor<'int64'>;
  /** Largest position + 1 - L. The token at cache slot n of the generation that follows has position n + ropeDelta. */
  readonly ropeDelta: number;
}

/**
 * Positions of every token of a prompt, by the models' authors' rule: text advances all axes together; a picture or clip spans
 * its grid from there; what follows starts at the largest position on any axis + 1. Only a video's time is scaled, as
 * trunc((step * secondsPerGrid) * tokensPerSecond) in float32.
 *
 * @throws PromptError when placeholders and segments do not match in kind, number or size, or a clip's times cannot be computed;
 * MediaError when a grid cannot be merged.
 */
export function ropeIndex(input: RopeIndexInput): RopeIndex {
  const { tokenIds, segments, tokens } = input;
  const length = tokenIds.length;
  const axes = [0, 1, 2].map(() => new Float64Array(length)) as [Float64Array, Float64Array, Float64Array];
  let next = 0;
  let used = 0;
  let at = 0;
  while (at < length) {
    const kind = visualKind(tokenIds[at]!, tokens);
    if (kind === undefined) {
      axes[0][at] = next;
      axes[1][at] = next;
      axes[2][at] = next;
      next += 1;
      at += 1;
      continue;
    }
    const number = used + 1;
    const segment = segmentOf(segments, { kind, number, at });
    const extents = mergeGrid(segment.grid, input.spatialMergeSize, `Segment ${number} of the prompt`);
    requirePlaceholders(tokenIds, { id: tokens[kind], at, extents, kind, number });
    next = placeSegment(axes, { at, start: next, extents, times: timeSteps(segment, number, input.tokensPerSecond) });
    at += extents[0] * extents[1] * extents[2];
    used += 1;
  }
  if (used < segments.length) {
    throw new PromptError('The prompt has fewer placeholders than pictures and clips.', {
      expected: `placeholder tokens for ${segments.length} segments`,
      actual: `${used}`,
      remedy: 'Pass exactly the segments that the prompt names, in the order in which it names them.',
    });
  }
  const flat = new BigInt64Array(3 * length);
  // In halves, as everything that runs JavaScript keeps the lower one first: 100,000 bigints would take long to make.
  const halves = new Int32Array(flat.buffer);
  axes.forEach((axis, row) => {
    for (let i = 0; i < length; i++) {
      halves[2 * (row * length + i)] = axis[i]!;
      halves[2 * (row * length + i) + 1] = axis[i]! / 2 ** 32;
    }
  });
  return { positions: { dtype: 'int64', dims: [3, length], data: flat }, ropeDelta: next - length };
}

/** Arguments of {@link decodePositions}. */
export interface DecodePositionsInput {
  /** Tokens in the KV cache. */
  readonly cacheLength: number;
  /** Of the prompt, from {@link ropeIndex}. */
  readonly ropeDelta: number;
  /** Generated tokens fed in this call (default 1). */
  readonly count?: number | undefined;
}

/** Positions [3, count] of generated tokens: cache slot + delta, equal on all axes. */
export function decodePositions({ cacheLength, ropeDelta, count = 1 }: DecodePositionsInput): Tensor<'int64'> {
  const row = Array.from({ length: count }, (_, i) => cacheLength + ropeDelta + i);
  return int64([3, count], [...row, ...row, ...row]);
}

function visualKind(id: number, tokens: VisualTokenIds): 'image' | 'video' | undefined {
  if (id === tokens.image) return 'image';
  return id === tokens.video ? 'video' : undefined;
}

interface Placeholder {
  readonly kind: 'image' | 'video';
  /** Of its segment, from 1. */
  readonly number: number;
  readonly at: number;
}

function segmentOf(segments: readonly PositionedSegment[], { kind, number, at }: Placeholder): PositionedSegment {
  const segment = segments[number - 1];
  if (segment?.kind === kind) return segment;
  throw new PromptError(`The ${kind} placeholder at token ${at} has no ${kind} to stand for.`, {
    expected: `segment ${number} of the prompt to be of kind ${kind}`,
    actual: segment === undefined ? `only ${segments.length} segments` : `a segment of kind ${segment.kind}`,
    remedy: 'Pass one segment for every placeholder, in prompt order; a placeholder typed in text counts as well.',
  });
}

interface PlaceholderRun {
  readonly id: number;
  readonly at: number;
  readonly extents: GridThw;
  readonly kind: string;
  readonly number: number;
}

function requirePlaceholders(tokenIds: ArrayLike<number>, run: PlaceholderRun): void {
  const needed = run.extents[0] * run.extents[1] * run.extents[2];
  let found = 0;
  while (found < needed && tokenIds[run.at + found] === run.id) found += 1;
  if (found === needed) return;
  throw new PromptError(`Segment ${run.number} of the prompt has too few ${run.kind} placeholders.`, {
    expected: `${needed} (${run.extents.join(' x ')} tokens after the merge) from token ${run.at} on`,
    actual: `${found}`,
    remedy: 'Expand each placeholder of the template to its segment’s token count before computing positions.',
  });
}

/** Offsets of a segment's temporal steps. */
function timeSteps(segment: PositionedSegment, number: number, tokensPerSecond?: number): Float64Array {
  const { kind, grid, secondsPerGrid = 1 } = segment;
  const steps = Float64Array.from({ length: grid[0] }, (_, i) => i);
  if (kind === 'image' || tokensPerSecond === undefined) return steps;
  const seconds = Math.fround(secondsPerGrid);
  const rate = Math.fround(tokensPerSecond);
  // The order of the float32 products decides which integer a time truncates to.
  const times = steps.map((i) => Math.trunc(Math.fround(Math.fround(i * seconds) * rate)));
  if (times.every((time) => Number.isSafeInteger(time) && time >= 0)) return times;
  throw new PromptError(`Segment ${number} of the prompt has temporal steps that have no place in time.`, {
    expected: 'secondsPerGrid to be a finite number of at least 0',
    actual: `${secondsPerGrid}, at ${tokensPerSecond} tokens a second`,
    remedy: 'Set it to the temporal patch size divided by the frames sampled a second, as the preprocessor does.',
  });
}

interface Placement {
  readonly at: number;
  readonly start: number;
  readonly extents: GridThw;
  readonly times: Float64Array;
}

/** Writes the positions of one segment and returns the position of what follows. */
function placeSegment(
  [temporal, height, width]: readonly [Float64Array, Float64Array, Float64Array],
  { at, start, extents: [t, h, w], times }: Placement,
): number {
  let slot = at;
  for (let i = 0; i < t; i++) {
    for (let y = 0; y < h; y++) {
      for (let x = 0; x < w; x++) {
        temporal[slot] = start + times[i]!;
        height[slot] = start + y;
        width[slot] = start + x;
        slot += 1;
      }
    }
  }
  return start + Math.max(times[t - 1]!, h - 1, w - 1) + 1;
}
