import type { LanguageBackbone } from '@vlmkit/core';
import { ropeIndex } from '@vlmkit/mrope';
import {
  createSampler,
  type GeneratedToken,
  type GenerateTokensOptions,
  generateTokens,
  type SamplingOptions,
} from '../index.js';

/** Options of {@link runText}. */
export interface RunTextOptions extends Partial<Omit<GenerateTokensOptions, 'sampling'>> {
  readonly sampling?: SamplingOptions;
  /** Let the device choose, where it can. */
  readonly inBursts?: boolean;
}

/** What a generation did. */
export interface RunText {
  readonly ids: readonly number[];
  readonly tokens: readonly GeneratedToken[];
  /** Tokens in the cache afterwards. */
  readonly cached: number;
}

/** Prefills a text prompt and generates to the end. */
export async function runText(
  backbone: LanguageBackbone,
  promptIds: readonly number[],
  { sampling = {}, inBursts = false, ...options }: RunTextOptions = {},
): Promise<RunText> {
  const maxNewTokens = options.maxNewTokens ?? 40;
  const state = options.state ?? backbone.createState(promptIds.length + maxNewTokens);
  const { positions, ropeDelta } = textPositions(promptIds);
  const { logits } = await state.forward({ tokenIds: promptIds, positions });
  const tokens: GeneratedToken[] = [];
  const generated = generateTokens({
    logits,
    promptIds,
    ropeDelta,
    sampler: createSampler(sampling),
    ...(inBursts && { sampling }),
    stopIds: [],
    maxNewTokens,
    ...options,
    state,
  });
  for await (const token of generated) tokens.push(token);
  const cached = state.length;
  state.dispose();
  return { ids: tokens.map(({ id }) => id), tokens, cached };
}

/** Positions of a prompt without pictures. */
export function textPositions(tokenIds: readonly number[]) {
  return ropeIndex({ tokenIds, segments: [], spatialMergeSize: 2, tokens: { image: -1, video: -1 } });
}
