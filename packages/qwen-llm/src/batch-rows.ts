import { type ForwardOptions, type ForwardResult, type Tensor, tensor } from '@vlmkit/core';
import type { DecoderConfig } from './decoder-config.js';

/** Rows of one packed run that belong to one request. */
export interface TakenRows {
  /** [n, vocabulary] of all requests. */
  readonly logits: Float32Array;
  /** [n, h] of all requests, when any asked for them. */
  readonly hiddenStates: Float32Array | undefined;
  /** First row and number of rows of this request. */
  readonly row: number;
  readonly count: number;
  readonly config: DecoderConfig;
}

/** Collects the logits that one request asked for, over all runs that its tokens take. */
export class LogitRows {
  /** Why the request gets no result. */
  failure: unknown;
  readonly #tokens: number;
  readonly #first: number;
  readonly #hidden: boolean;
  readonly #logits: Float32Array[] = [];
  readonly #hiddenStates: Float32Array[] = [];

  constructor(tokens: number, { logitRows = 1, hiddenStates = false }: ForwardOptions) {
    this.#tokens = tokens;
    this.#first = tokens - Math.min(logitRows, tokens);
    this.#hidden = hiddenStates;
  }

  /** Tokens of `from` to `to` whose logits are wanted. */
  between(from: number, to: number): number[] {
    const start = Math.max(from, this.#first);
    return Array.from({ length: Math.max(0, to - start) }, (_, i) => start + i);
  }

  take({ logits, hiddenStates, row, count, config }: TakenRows): void {
    this.#logits.push(rowsOf(logits, config.vocabSize, { row, count }));
    if (hiddenStates && this.#hidden) this.#hiddenStates.push(rowsOf(hiddenStates, config.hiddenSize, { row, count }));
  }

  result({ vocabSize, hiddenSize }: DecoderConfig): ForwardResult {
    const count = this.#tokens - this.#first;
    const logits = joined(this.#logits, [count, vocabSize]);
    return this.#hidden ? { logits, hiddenStates: joined(this.#hiddenStates, [count, hiddenSize]) } : { logits };
  }
}

function rowsOf(data: Float32Array, width: number, { row, count }: { readonly row: number; readonly count: number }) {
  return data.subarray(row * width, (row + count) * width);
}

function joined(parts: readonly Float32Array[], dims: readonly [number, number]): Tensor<'float32'> {
  const full = parts.filter((part) => part.length > 0);
  if (full.length === 1) return tensor('float32', dims, full[0]!);
  const data = new Float32Array(dims[0] * dims[1]);
  let offset = 0;
  for (const part of full) {
    data.set(part, offset);
    offset += part.length;
  }
  return tensor('float32', dims, data);
}
