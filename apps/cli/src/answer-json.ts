import type { Answer } from '@vlmkit/qwen-vl';

/** The object that `--json` prints. */
export interface AnswerJson {
  readonly text: string;
  readonly token_ids: readonly number[];
  readonly prompt_tokens: number;
  readonly finish_reason: Answer['finishReason'];
  readonly images: readonly object[];
  readonly videos?: readonly object[];
  /** In the pixels of the user's own pictures; absent when the answer holds none. */
  readonly boxes?: readonly object[];
  /** Seconds that an answer about a clip names; absent when it names none. */
  readonly times?: readonly object[];
  /** One entry a token, when asked for. */
  readonly logprobs?: readonly object[];
  readonly timings: Readonly<Record<string, number>>;
}

/** An answer in the form that other programs read: snake case, milliseconds, original pixels. */
export function answerJson(answer: Answer, loadMs: number): AnswerJson {
  const { timings, media, grounding } = answer;
  const seen = (kind: 'image' | 'video') =>
    media.filter((item) => item.kind === kind).map(({ kind: _, ...rest }) => rest);
  const videos = seen('video');
  return {
    text: answer.text,
    token_ids: answer.tokenIds,
    prompt_tokens: answer.promptTokens,
    finish_reason: answer.finishReason,
    images: seen('image'),
    ...(videos.length > 0 && { videos }),
    ...(grounding.length > 0 && { boxes: grounding }),
    ...(answer.times.length > 0 && { times: answer.times }),
    ...(answer.logprobs && { logprobs: answer.logprobs }),
    timings: {
      load_ms: rounded(loadMs),
      preprocess_ms: rounded(timings.preprocessMs),
      vision_ms: rounded(timings.visionMs),
      prefill_ms: rounded(timings.prefillMs),
      decode_ms: rounded(timings.decodeMs),
    },
  };
}

function rounded(ms: number): number {
  return Math.round(ms * 100) / 100;
}
