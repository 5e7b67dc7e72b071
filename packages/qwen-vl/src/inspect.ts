import { type AbortSignalLike, int64, type LanguageBackbone, type Tensor, tensor } from '@vlmkit/core';
import { createSampler, generateTokens } from '@vlmkit/qwen-llm';
import { Conversation } from './conversation.js';
import type { QwenModelInfo } from './model-info.js';
import type { Prompt, PromptOptions } from './prompt.js';
import type { VisionFeatures } from './vision-features.js';

/** Options of an inspection. */
export interface InspectOptions extends PromptOptions {
  /** Tokens to generate greedily, by the plain maximum of the logits (default 0). */
  readonly newTokens?: number | undefined;
  readonly signal?: AbortSignalLike | undefined;
}

/** Tensors of every stage by name; see the README for their shapes. */
export type Stages = Readonly<Record<string, Tensor>>;

interface InspectParts {
  readonly prompt: Prompt;
  readonly backbone: LanguageBackbone;
  readonly vision: VisionFeatures | undefined;
  readonly info: QwenModelInfo;
}

/** Most prompt positions, from the end, whose logits are written. */
const logitPositions = 32;

/**
 * Runs the real pipeline and returns what passes between its stages: `input_ids` [L], `position_ids` [3, L],
 * `rope_delta` [1]; `pixel_values` and `image_grid_thw`, `pixel_values_videos`, `video_grid_thw` and
 * `second_per_grid_ts`; `image_embeds`, `video_embeds` [v, h]; `logits` [min(L, 32), vocabulary]; `generated_ids` [N].
 */
export async function inspectStages(
  { prompt, backbone, vision, info }: InspectParts,
  options: InspectOptions,
): Promise<Stages> {
  const { newTokens = 0, signal } = options;
  const length = prompt.tokenIds.length;
  const conversation = new Conversation(backbone, vision);
  try {
    const { state, logits } = await conversation.prefill(prompt, {
      newTokens,
      logitRows: Math.min(length, logitPositions),
      ...(signal && { signal }),
    });
    const generated: number[] = [];
    if (newTokens > 0) {
      const tokens = generateTokens({
        state,
        logits,
        promptIds: prompt.tokenIds,
        ropeDelta: prompt.ropeDelta,
        sampler: createSampler(),
        stopIds: info.stopIds,
        maxNewTokens: newTokens,
        ...(signal && { signal }),
      });
      for await (const { id } of tokens) generated.push(id);
    }
    return {
      input_ids: int64([length], prompt.tokenIds),
      position_ids: prompt.positions,
      rope_delta: int64([1], [prompt.ropeDelta]),
      ...(await visualStages(prompt, vision, signal)),
      logits,
      ...(newTokens > 0 && { generated_ids: int64([generated.length], generated) }),
    };
  } finally {
    conversation.dispose();
  }
}

async function visualStages(
  { segments }: Prompt,
  vision: VisionFeatures | undefined,
  signal: AbortSignalLike | undefined,
): Promise<Record<string, Tensor>> {
  const stages: Record<string, Tensor> = {};
  for (const kind of ['image', 'video'] as const) {
    const own = segments.filter((segment) => segment.kind === kind);
    if (own.length === 0 || !vision) continue;
    const features = await vision.encode(own, signal);
    stages[kind === 'image' ? 'pixel_values' : 'pixel_values_videos'] = concatRows(own.map(({ patches }) => patches));
    stages[`${kind}_grid_thw`] = int64(
      [own.length, 3],
      own.flatMap(({ grid }) => grid),
    );
    stages[`${kind}_embeds`] = concatRows(features);
    const seconds = own.flatMap(({ secondsPerGrid }) => (secondsPerGrid === undefined ? [] : [secondsPerGrid]));
    if (kind === 'video' && seconds.length === own.length) {
      stages.second_per_grid_ts = tensor('float32', [seconds.length], Float32Array.from(seconds));
    }
  }
  return stages;
}

/** [a, w] and [b, w] … to [a + b + …, w]. */
function concatRows(parts: readonly Tensor<'float32'>[]): Tensor<'float32'> {
  const width = parts[0]!.dims[1]!;
  const rows = parts.reduce((sum, { dims }) => sum + dims[0]!, 0);
  const data = new Float32Array(rows * width);
  let offset = 0;
  for (const part of parts) {
    data.set(part.data, offset);
    offset += part.data.length;
  }
  return tensor('float32', [rows, width], data);
}
