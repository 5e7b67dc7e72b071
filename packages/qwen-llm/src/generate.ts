import { type AbortSignalLike, type BackboneState, type Tensor, throwIfAborted } from '@vlmkit/core';
import { decodePositions } from '@vlmkit/mrope';
import type { SampledToken, Sampler } from './sampling/index.js';

/** What a generation goes on from. */
export interface GenerateTokensOptions {
  /** The state after the prompt's prefill. */
  readonly state: BackboneState;
  /** [n, vocabulary] logits of the prefill; the last row chooses the first token. */
  readonly logits: Tensor<'float32'>;
  /** Ids of the prompt. */
  readonly promptIds: readonly number[];
  /** `ropeDelta` of the prompt's positions: a token's position is its cache slot plus this. */
  readonly ropeDelta: number;
  readonly sampler: Sampler;
  /** Ids that end the answer. They are yielded, and not fed back. */
  readonly stopIds: readonly number[];
  readonly maxNewTokens: number;
  readonly signal?: AbortSignalLike;
}

/**
 * Generates tokens one by one. After each token that is not the last, the model runs once; leaving the loop early
 * (a stop string, a closed stream) costs no further run.
 *
 * @throws AbortError when the signal was aborted; the tokens yielded before stand.
 */
export async function* generateTokens(options: GenerateTokensOptions): AsyncGenerator<SampledToken, void, void> {
  const { state, sampler, stopIds, maxNewTokens, ropeDelta, signal } = options;
  const generated: number[] = [];
  let logits = lastRow(options.logits);
  for (let count = 1; count <= maxNewTokens; count++) {
    throwIfAborted(signal);
    const token = sampler.next(logits, { prompt: options.promptIds, generated });
    generated.push(token.id);
    yield token;
    if (count === maxNewTokens || stopIds.includes(token.id)) return;
    const positions = decodePositions({ cacheLength: state.length, ropeDelta });
    const result = await state.forward({ tokenIds: [token.id], positions }, signal ? { signal } : {});
    logits = lastRow(result.logits);
  }
}

function lastRow({ dims, data }: Tensor<'float32'>): Float32Array {
  const vocabulary = dims.at(-1)!;
  return data.subarray(data.length - vocabulary);
}
