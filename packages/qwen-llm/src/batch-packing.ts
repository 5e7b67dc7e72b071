import { type BackboneInput, PromptError, RuntimeError, type Tensor, tensor, type VisualTokens } from '@vlmkit/core';
import { type AttentionBias, masked } from './decoder-input.js';

/*
 * Tokens of several sequences as one: linear layers see the tokens of all in one matrix, so that a weight is read once for
 * all; a mask keeps every sequence to itself.
 *
 * Legend:
 * - s: tokens of all sequences in this run   - p: tokens of all sequences in the cache
 * - g: query heads of one key-value head
 */

/** Concatenates the tokens of several sequences. Visual features must be on the host. */
export function packInputs(inputs: readonly BackboneInput[]): BackboneInput {
  if (inputs.length === 1) return inputs[0]!;
  const tokenIds = inputs.flatMap((input) => input.tokenIds);
  const positions = new BigInt64Array(3 * tokenIds.length);
  let offset = 0;
  for (const { positions: own } of inputs) {
    const count = own.dims[1]!;
    for (let axis = 0; axis < 3; axis++) {
      positions.set(own.data.subarray(axis * count, (axis + 1) * count), axis * tokenIds.length + offset);
    }
    offset += count;
  }
  const visual = packVisual(inputs);
  return { tokenIds, positions: tensor('int64', [3, tokenIds.length], positions), ...(visual && { visual }) };
}

function packVisual(inputs: readonly BackboneInput[]): VisualTokens | undefined {
  const parts: Float32Array[] = [];
  const slots: number[] = [];
  const rows: number[] = [];
  let width = 0;
  let firstSlot = 0;
  let firstRow = 0;
  for (const { tokenIds, visual } of inputs) {
    if (visual) {
      const { dims, data } = hostFeatures(visual);
      width = dims[1]!;
      parts.push(data);
      slots.push(...visual.slots.map((slot) => slot + firstSlot));
      rows.push(...visual.rows.map((row) => row + firstRow));
      firstRow += dims[0]!;
    }
    firstSlot += tokenIds.length;
  }
  if (parts.length === 0) return undefined;
  const data = new Float32Array(firstRow * width);
  let offset = 0;
  for (const part of parts) {
    data.set(part, offset);
    offset += part.length;
  }
  return { features: tensor('float32', [firstRow, width], data), slots, rows };
}

function hostFeatures({ features }: VisualTokens): Tensor<'float32'> {
  if ('data' in features) return features;
  throw new RuntimeError('A packed run takes visual features from the host.', {
    remedy: 'Download the features first.',
  });
}

/**
 * The input of one sequence with its visual features on the host, checked by itself: in a packed run a mistake would
 * concern all.
 *
 * @throws PromptError when features are of another shape or type, or a slot or row is out of range.
 */
export async function hostInput(input: BackboneInput, width: number): Promise<BackboneInput> {
  const { visual, tokenIds } = input;
  if (!visual) return input;
  const features = 'data' in visual.features ? visual.features : await visual.features.download();
  const { dtype, dims } = features;
  if (!isFloat32(features) || dims.length !== 2 || dims[1] !== width) {
    const actual = `${dtype} [${dims.join(', ')}]`;
    throw new PromptError('Visual features do not fit the model.', { expected: `float32 [rows, ${width}]`, actual });
  }
  const { slots, rows } = visual;
  const within = (index: number, end: number) => Number.isInteger(index) && index >= 0 && index < end;
  const fits = slots.every((slot) => within(slot, tokenIds.length)) && rows.every((row) => within(row, dims[0]!));
  if (slots.length !== rows.length || !fits) {
    throw new PromptError('Visual tokens are out of range.', {
      expected: `a row under ${dims[0]} for each slot, and slots under ${tokenIds.length}`,
      actual: `${slots.length} slots and ${rows.length} rows`,
    });
  }
  return { ...input, visual: { features, slots, rows } };
}

function isFloat32(tensor: Tensor): tensor is Tensor<'float32'> {
  return tensor.dtype === 'float32';
}

/**
 * The mask of a packed run: a token sees the tokens of its own sequence up to itself.
 *
 * @param queries sequence of every token of the run, [s]
 * @param past sequence of every token of the cache, [p]; a number of no sequence for what nobody sees
 */
export function batchBias(queries: readonly number[], past: readonly number[], group: number): AttentionBias {
  const count = queries.length;
  const causal = new Float32Array(count * count).fill(masked);
  for (let row = 0; row < count; row++) {
    for (let column = 0; column <= row; column++) {
      if (queries[column] === queries[row]) causal[row * count + column] = 0;
    }
  }
  return { causalBias: tensor('float32', [count, count], causal), pastBias: pastBias(queries, past, group) };
}

function pastBias(queries: readonly number[], past: readonly number[], group: number): Tensor<'float32'> {
  const first = queries[0];
  if (queries.every((own) => own === first) && past.every((own) => own === first)) {
    return tensor('float32', [1, 1], Float32Array.of(0));
  }
  const width = past.length;
  const data = new Float32Array(queries.length * group * width).fill(masked);
  for (const [token, own] of queries.entries()) {
    const start = token * group * width;
    for (let column = 0; column < width; column++) if (past[column] === own) data[start + column] = 0;
    for (let head = 1; head < group; head++) data.copyWithin(start + head * width, start, start + width);
  }
  return tensor('float32', [queries.length * group, width], data);
}
