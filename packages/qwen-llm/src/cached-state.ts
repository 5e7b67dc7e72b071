import {
  type BackboneInput,
  type BackboneState,
  byteSize,
  type DataType,
  type Feed,
  type ForwardOptions,
  type ForwardResult,
  int64,
  PromptError,
  type RowBuffer,
  type Runtime,
  type Session,
  type Tensor,
  tensor,
  throwIfAborted,
  type VisualTokens,
} from '@vlmkit/core';
import { rotaryTables } from '@vlmkit/mrope';
import { cacheNames } from './cache-names.js';
import type { DecoderConfig } from './decoder-config.js';

/** What the state of a generation is made of. */
export interface CachedStateOptions {
  readonly config: DecoderConfig;
  readonly runtime: Runtime;
  readonly session: Session;
  readonly prefillChunk: number;
  readonly cacheType: DataType;
  /** Tokens that the cache holds. */
  readonly capacity: number;
}

/** What stands in place of −∞ in a mask: far below every score, yet safe to add to one. */
const masked = -1e30;

/** A KV cache of append-only rows, one buffer of keys and one of values for every layer and key-value head. */
export class CachedState implements BackboneState {
  readonly capacity: number;
  readonly byteLength: number;
  readonly #options: CachedStateOptions;
  readonly #past = new Map<string, RowBuffer>();
  readonly #appends: Record<string, RowBuffer> = {};
  #length = 0;

  /** @throws PromptError when the capacity is over the model's context. */
  constructor(options: CachedStateOptions) {
    const { config, runtime, capacity, cacheType } = options;
    if (capacity > config.maxPositionEmbeddings) {
      throw new PromptError('The conversation does not fit the model.', {
        expected: `at most ${config.maxPositionEmbeddings} tokens, prompt and answer together`,
        actual: `${capacity}`,
        remedy: 'Ask for fewer new tokens, shorten the prompt, or lower max_pixels.',
      });
    }
    this.#options = options;
    this.capacity = capacity;
    this.byteLength =
      config.numHiddenLayers * config.numKeyValueHeads * 2 * capacity * config.headDim * byteSize(cacheType);
    for (let layer = 0; layer < config.numHiddenLayers; layer++) {
      for (let head = 0; head < config.numKeyValueHeads; head++) {
        const names = cacheNames(layer, head);
        for (const [past, fresh] of [
          [names.pastKey, names.newKey],
          [names.pastValue, names.newValue],
        ] as const) {
          const rows = runtime.createRows(cacheType, [config.headDim], capacity);
          this.#past.set(past, rows);
          this.#appends[fresh] = rows;
        }
      }
    }
  }

  get length(): number {
    return this.#length;
  }

  async forward(input: BackboneInput, options: ForwardOptions = {}): Promise<ForwardResult> {
    const count = input.tokenIds.length;
    const start = this.#length;
    this.#check(input);
    const logitRows = Math.min(options.logitRows ?? 1, count);
    const chunk = Math.max(this.#options.prefillChunk, logitRows);
    try {
      let from = 0;
      for (;;) {
        throwIfAborted(options.signal);
        const to = Math.min(from + chunk, count);
        // The rows of logits must come from one run: no chunk ends among them.
        const end = to > count - logitRows ? count : to;
        const asked = end === count ? logitRows : 0;
        const result = await this.#run(sliceInput(input, from, end), { ...options, logitRows: asked });
        if (end === count) return result;
        from = end;
      }
    } catch (error) {
      this.truncate(start);
      throw error;
    }
  }

  truncate(length: number): void {
    for (const rows of this.#past.values()) rows.truncate(length);
    this.#length = Math.min(this.#length, length);
  }

  dispose(): void {
    for (const rows of this.#past.values()) rows.dispose();
    this.#past.clear();
  }

  async #run(input: BackboneInput, options: ForwardOptions): Promise<ForwardResult> {
    const { config, session } = this.#options;
    const count = input.tokenIds.length;
    const asked = options.logitRows ?? 1;
    const result = await session.run(
      {
        ...this.#feeds(input),
        logit_rows: int64(
          [asked],
          Array.from({ length: asked }, (_, i) => count - asked + i),
        ),
      },
      {
        outputs: options.hiddenStates ? ['logits', 'hidden_states'] : ['logits'],
        append: this.#appends,
        ...(options.signal && { signal: options.signal }),
      },
    );
    this.#length += count;
    const logits = asked > 0 ? result.host('logits', 'float32') : emptyLogits(config.vocabSize);
    return options.hiddenStates ? { logits, hiddenStates: result.host('hidden_states', 'float32') } : { logits };
  }

  #feeds({ tokenIds, positions, visual }: BackboneInput): Record<string, Feed> {
    const { config } = this.#options;
    const count = tokenIds.length;
    const { cos, sin } = rotaryTables({
      positions,
      headDim: config.headDim,
      theta: config.ropeTheta,
      ...(config.mropeSection && { mropeSection: config.mropeSection }),
    });
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
      causal_bias: causalBias(count),
      ...Object.fromEntries(this.#past),
    };
  }

  #check(input: BackboneInput): void {
    const count = input.tokenIds.length;
    if (count === 0)
      throw new PromptError('There is no token to compute.', { remedy: 'Pass a prompt that is not empty.' });
    if (this.#length + count > this.capacity) {
      throw new PromptError('The conversation is longer than the cache reserved for it.', {
        expected: `at most ${this.capacity} tokens`,
        actual: `${this.#length + count}`,
      });
    }
    if (input.positions.dims[1] !== count) {
      throw new PromptError('Positions and tokens differ in number.', {
        expected: `${count} positions`,
        actual: `${input.positions.dims[1]}`,
      });
    }
  }
}

/** Tokens `from` to `to` of an input, with the positions and visual slots that belong to them. */
function sliceInput(input: BackboneInput, from: number, to: number): BackboneInput {
  const count = input.tokenIds.length;
  if (from === 0 && to === count) return input;
  const axes = [0, 1, 2].map((axis) => input.positions.data.subarray(axis * count + from, axis * count + to));
  const positions = new BigInt64Array(3 * (to - from));
  axes.forEach((axis, i) => {
    positions.set(axis, i * (to - from));
  });
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

/** [s, s]: 0 on and below the diagonal, masked above it. */
function causalBias(count: number): Tensor<'float32'> {
  const data = new Float32Array(count * count);
  for (let row = 0; row < count; row++) data.fill(masked, row * count + row + 1, (row + 1) * count);
  return tensor('float32', [count, count], data);
}

function emptyLogits(vocabularySize: number): Tensor<'float32'> {
  return tensor('float32', [0, vocabularySize], new Float32Array(0));
}
