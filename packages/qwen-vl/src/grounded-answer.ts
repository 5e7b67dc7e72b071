import type { VisualSegment } from '@vlmkit/core';
import { type GroundedItem, groundAnswer, parseTimes, type TimeSpan } from '@vlmkit/grounding';
import type { SeenMedia } from './answer.js';
import type { QwenModelInfo } from './model-info.js';

/** A segment as the user knows it: its sizes, and the times of a clip's frames. */
export function seenMedia({ kind, original, resized, timestamps }: VisualSegment): SeenMedia {
  return { kind, original, resized, ...(timestamps && { timestamps }) };
}

/** What an answer says of places and times, in the user's own pixels and seconds. */
export interface AnswerReferences {
  readonly grounding: readonly GroundedItem[];
  readonly times: readonly TimeSpan[];
}

/** Reads boxes, points and times out of an answer. Only pictures are grounded, and only clips have times. */
export function answerReferences(
  text: string,
  { segments, question }: { readonly segments: readonly VisualSegment[]; readonly question: string },
  { family }: QwenModelInfo,
): AnswerReferences {
  const images = segments.filter(({ kind }) => kind === 'image');
  const hasVideo = images.length < segments.length;
  return {
    grounding: family === 'qwen2' ? [] : groundAnswer(text, { family, images, question }),
    times: hasVideo ? parseTimes(text) : [],
  };
}
