import { readFileSync } from 'node:fs';
import { type GridThw, MediaError, PromptError } from '@vlmkit/core';
import { describe, expect, it } from 'vitest';
import { batchRopeIndex, decodePositions, type PositionedSegment, type RopeIndexInput, ropeIndex } from './index.js';

interface LayoutPart {
  readonly kind: 'text' | 'image' | 'video';
  readonly count?: number;
  readonly grid?: GridThw;
  readonly secondsPerGrid?: number | undefined;
}

interface GoldenCase {
  readonly spatialMergeSize: number;
  readonly tokensPerSecond?: number;
  readonly layout: readonly LayoutPart[];
  readonly positions: readonly (readonly number[])[];
  readonly ropeDelta: number;
}

const golden = JSON.parse(
  readFileSync(new URL('../../../fixtures/mrope/rope-index.json', import.meta.url), 'utf8'),
) as { readonly tokens: Record<LayoutPart['kind'], number>; readonly cases: readonly GoldenCase[] };

const { tokens } = golden;
const isVisual = (part: LayoutPart): part is PositionedSegment => part.kind !== 'text';

function inputOf({ layout, spatialMergeSize, tokensPerSecond }: Omit<GoldenCase, 'positions' | 'ropeDelta'>) {
  const tokenIds = layout.flatMap((part) => {
    const count = part.grid ? part.grid.reduce((a, b) => a * b) / spatialMergeSize ** 2 : part.count!;
    return new Array<number>(count).fill(tokens[part.kind]);
  });
  const segments = layout.filter(isVisual);
  return { tokenIds, segments, spatialMergeSize, tokens, tokensPerSecond } satisfies RopeIndexInput;
}

function rows({ data, dims }: { readonly data: BigInt64Array; readonly dims: readonly number[] }): number[][] {
  const length = dims.at(-1)!;
  return [0, 1, 2].map((axis) => Array.from(data.subarray(axis * length, (axis + 1) * length), Number));
}

describe('ropeIndex', () => {
  it.each(golden.cases.map((entry, index) => ({ ...entry, index })))(
    'equals the reference on layout $index',
    (entry) => {
      const result = ropeIndex(inputOf(entry));
      expect(result.positions.dims).toEqual([3, entry.positions[0]!.length]);
      expect(rows(result.positions)).toEqual(entry.positions);
      expect(result.ropeDelta).toBe(entry.ropeDelta);
    },
  );

  it('counts plain text 0, 1, 2, ... on every axis, with delta 0', () => {
    const { positions, ropeDelta } = ropeIndex(inputOf({ layout: [{ kind: 'text', count: 5 }], spatialMergeSize: 2 }));
    expect(rows(positions)).toEqual(new Array(3).fill([0, 1, 2, 3, 4]));
    expect(ropeDelta).toBe(0);
  });

  it('takes an empty prompt', () => {
    expect(ropeIndex(inputOf({ layout: [], spatialMergeSize: 2 }))).toEqual({
      positions: { dtype: 'int64', dims: [3, 0], data: new BigInt64Array() },
      ropeDelta: 0,
    });
  });

  it('starts text after a long video at the largest position of any axis + 1', () => {
    const layout = [
      { kind: 'text', count: 1 },
      { kind: 'video', grid: [10, 2, 2], secondsPerGrid: 1 },
      { kind: 'text', count: 1 },
    ] as const;
    const { positions } = ropeIndex(inputOf({ layout, spatialMergeSize: 2, tokensPerSecond: 2 }));
    expect(rows(positions).map((axis) => axis.at(-1))).toEqual([20, 20, 20]);
  });

  it('truncates after both float32 products, not between them', () => {
    // 3 * 0.7f * 2 = 4.2: truncating 2.1 first would give 4 as well, 5 * 0.7f * 2 = 7.0 would give 6.
    const layout = [{ kind: 'video', grid: [6, 2, 2], secondsPerGrid: 0.7 }] as const;
    const { positions } = ropeIndex(inputOf({ layout, spatialMergeSize: 2, tokensPerSecond: 2 }));
    expect(rows(positions)[0]).toEqual([0, 1, 2, 4, 5, 7]);
  });

  it('keeps clips of different rates aligned in time', () => {
    const clip = (steps: number, secondsPerGrid: number): PositionedSegment => ({
      kind: 'video',
      grid: [steps, 2, 2],
      secondsPerGrid,
    });
    const times = (segment: PositionedSegment) =>
      rows(ropeIndex(inputOf({ layout: [segment], spatialMergeSize: 2, tokensPerSecond: 2 })).positions)[0]!;
    const dense = times(clip(9, 0.5));
    expect(times(clip(3, 2))).toEqual([dense[0], dense[4], dense[8]]);
  });

  it('never moves back: every text token lies beyond everything before it', () => {
    for (const entry of golden.cases) {
      const input = inputOf(entry);
      const axes = rows(ropeIndex(input).positions);
      let largest = -1;
      input.tokenIds.forEach((id, i) => {
        const here = axes.map((axis) => axis[i]!);
        if (id === tokens.text) expect(here).toEqual(new Array(3).fill(largest + 1));
        largest = Math.max(largest, ...here);
      });
    }
  });

  it.each<readonly [string, readonly PositionedSegment[], readonly number[]]>([
    ['too few segments', [], [tokens.image]],
    ['too many segments', [{ kind: 'image', grid: [1, 2, 2] }], [tokens.text]],
    ['another kind', [{ kind: 'video', grid: [1, 2, 2] }], [tokens.image]],
    ['too few placeholders', [{ kind: 'image', grid: [1, 4, 2] }], [tokens.image, tokens.text]],
    ['too many placeholders', [{ kind: 'image', grid: [1, 2, 2] }], [tokens.image, tokens.image]],
  ])('rejects %s', (_, segments, tokenIds) => {
    expect(() => ropeIndex({ tokenIds, segments, spatialMergeSize: 2, tokens })).toThrow(PromptError);
  });

  it('names the segment whose grid cannot be merged', () => {
    const segments = [{ kind: 'image', grid: [1, 3, 2] }] as const;
    const place = () => ropeIndex({ tokenIds: [tokens.image], segments, spatialMergeSize: 2, tokens });
    expect(place).toThrow(MediaError);
    expect(place).toThrow(/^Segment 1 .* divisible by 2\. Found \[1, 3, 2\]/);
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY, 1e300, -1])(
    'rejects a clip of %d seconds a step',
    (secondsPerGrid) => {
      const segments = [{ kind: 'video', grid: [2, 2, 2], secondsPerGrid }] as const;
      const tokenIds = [tokens.video, tokens.video];
      const place = () => ropeIndex({ tokenIds, segments, spatialMergeSize: 2, tokensPerSecond: 2, tokens });
      expect(place).toThrow(PromptError);
      expect(place).toThrow(/Segment 1 .* Expected secondsPerGrid to be .* Found .*, at 2 tokens a second/);
    },
  );
});

describe('decodePositions', () => {
  it('continues where the prompt would have', () => {
    for (const entry of golden.cases) {
      const prompt = inputOf(entry);
      const { ropeDelta } = ropeIndex(prompt);
      const longer = ropeIndex({ ...prompt, tokenIds: [...prompt.tokenIds, tokens.text, tokens.text] });
      const decoded = decodePositions({ cacheLength: prompt.tokenIds.length, ropeDelta, count: 2 });
      expect(rows(decoded)).toEqual(rows(longer.positions).map((axis) => axis.slice(-2)));
    }
  });
});

describe('batchRopeIndex', () => {
  const config = { spatialMergeSize: 2, tokensPerSecond: 2, tokens };
  const batch = golden.cases
    .filter((entry) => entry.tokensPerSecond === 2 && entry.spatialMergeSize === 2)
    .map(inputOf);

  it('equals each sequence alone, shifted by its padding', () => {
    const { positions, attentionMask, padding, ropeDeltas } = batchRopeIndex(batch, config);
    const [, count, length] = positions.dims as readonly [number, number, number];
    expect(count).toBe(batch.length);
    batch.forEach((row, b) => {
      const alone = ropeIndex(row);
      const pad = padding[b]!;
      expect(pad).toBe(length - row.tokenIds.length);
      expect(Array.from(attentionMask.data.subarray(b * length, (b + 1) * length), Number)).toEqual([
        ...new Array(pad).fill(0),
        ...new Array(length - pad).fill(1),
      ]);
      const padded = [0, 1, 2].map((axis) =>
        Array.from(positions.data.subarray((axis * count + b) * length + pad, (axis * count + b + 1) * length), Number),
      );
      expect(padded).toEqual(rows(alone.positions));
      const next = { cacheLength: length, ropeDelta: ropeDeltas[b]! };
      expect(decodePositions(next)).toEqual(
        decodePositions({ cacheLength: row.tokenIds.length, ropeDelta: alone.ropeDelta }),
      );
    });
  });

  it('rejects an empty batch', () => {
    expect(() => batchRopeIndex([], config)).toThrow(PromptError);
  });
});
