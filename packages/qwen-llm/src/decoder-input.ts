import {
  type BackboneInput,
  type Feed,
  int64,
  PromptError,
  type Tensor,
  tensor,
  type VisualTokens,
} from '@vlmkit/core';
import { rotaryTables } from '@vlmkit/mrope';
import type { DecoderConfig } from './decoder-config.js';

/** What stands in place of −∞ in a mask: far below every score, yet safe to add to one. */
export const masked = -1e30;

/**
 * Tokens of a request from which 8-bit products are faster than products of blocks of 4 bits, with a margin: measured on two
 * cores with AVX-512 VNNI for a matrix of 2048 x 11008, both take as long at 12 rows, and 8-bit ones half as long at 64. A
 * request counts as a whole, however it is cut into runs and with whomever it shares them, so that it has one result.
 */
export const fewestManyTokens = 32;

/** Which tokens look at which. */
export interface AttentionBias {
  /** [s, s]. */
  readonly causalBias: Tensor<'float32'>;
  /** [s·g, p], a row for every pair of token and query head of one key-value head; or [1, 1] where all see all. */
  readonly pastBias: Tensor<'float32'>;
}

/** The bias of one sequence: every token sees those before it. */
export function sequenceBias(count: number): AttentionBias {
  const data = new Float32Array(count * count);
  for (let row = 0; row < count; row++) data.fill(masked, row * count + row + 1, (row + 1) * count);
  return {
    causalBias: tensor('float32', [count, count], data),
    pastBias: tensor('float32', [1, 1], Float32Array.of(0)),
  };
}

/** The decoder's inputs beside the cache, in the graph's names. `many`: the tokens are those of long requests. */
export function decoderFeeds(
  config: DecoderConfig,
  { tokenIds, positions, visual }: BackboneInput,
  { bias, many }: { readonly bias: AttentionBias; readonly many: boolean },
): Record<string, Feed> {
  const count = tokenIds.length;
  const { cos, sin } = rotaryTables({ ...config, positions });
  const rows = new Array<number>(count).fill(-1);
  visual?.slots.forEach((slot, i) => {
    rows[slot] = visual.rows[i]!;
  });
  return {
    token_ids: int64([count], tokenIds),
    visual: visual?.features ?? tensor('float32', [1, config.hiddenSize], new Float32Array(config.hiddenSize)),
    visual_rows: int64([count], rows),
    cos,
    sin,
    causal_bias: bias.causalBias,
    past_bias: bias.pastBias,
    many_rows: tensor('bool', [], Uint8Array.of(many ? 1 : 0)),
  };
}

/** @throws PromptError when an input is empty, does not fit, or its parts differ in length. */
export function checkInput(
  { tokenIds, positions }: BackboneInput,
  { length, capacity }: { readonly length: number; readonly capacity: number },
): void {
  const count = tokenIds.length;
  if (count === 0)
    throw new PromptError('There is no token to compute.', { remedy: 'Pass a prompt that is not empty.' });
  if (length + count > capacity) {
    throw new PromptError('The conversation is longer than the cache reserved for it.', {
      expected: `at most ${capacity} tokens`,
      actual: `${length + count}`,
    });
  }
  if (positions.dims[1] !== count) {
    throw new PromptError('Positions and tokens differ in number.', {
      expected: `${count} positions`,
      actual: `${positions.dims[1]}`,
    });
  }
}

/** Tokens `from` to `to` of an input, with the positions and visual slots that belong to them. */
export function sliceInput(input: BackboneInput, from: number, to: number): BackboneInput {
  const count = input.tokenIds.length;
  if (from === 0 && to === count) return input;
  const positions = new BigInt64Array(3 * (to - from));
  for (let axis = 0; axis < 3; axis++) {
    positions.set(input.positions.data.subarray(axis * count + from, axis * count + to), axis * (to - from));
  }
  const visual = input.visual && sliceVisual(input.visual, from, to);
  return {
    tokenIds: input.tokenIds.slice(from, to),
    positions: tensor('int64', [3, to - from], positions),
    ...(visual && { visual }),
  };
}

/** Visual tokens between two slots; features on the host are cut to the rows in use, so that no run carries more. */
function sliceVisual(visual: VisualTokens, from: number, to: number): VisualTokens | undefined {
  const kept = visual.slots.flatMap((slot, i) =>
    slot >= from && slot < to ? [{ slot: slot - from, row: visual.rows[i]! }] : [],
  );
  if (kept.length === 0) return undefined;
  const slots = kept.map(({ slot }) => slot);
  const rows = kept.map(({ row }) => row);
  if (!('data' in visual.features)) return { features: visual.features, slots, rows };
  const first = rows.reduce((least, row) => Math.min(least, row));
  const last = rows.reduce((most, row) => Math.max(most, row));
  return { features: hostRows(visual.features, first, last + 1), slots, rows: rows.map((row) => row - first) };
}

function hostRows(features: Tensor<'float32'>, from: number, to: number): Tensor<'float32'> {
  const width = features.dims[1]!;
  return tensor('float32', [to - from, width], features.data.subarray(from * width, to * width));
}
