import { PromptError, type Tensor, TimeSlices, throwIfAborted, type VisualSegment } from '@vlmkit/core';
import { ropeIndex } from '@vlmkit/mrope';
import { type EncodeChatInput, encodeChatInSlices, type VisualSpan } from '@vlmkit/tokenizer';
import type { ImagePart, MediaFile, VideoPart } from './content-parts.js';
import { boundedPart, requireFits, requireLeastFits } from './context-limit.js';
import type { MediaProgress, MediaSource } from './media.js';
import { type NormalisedMessage, textOf } from './messages.js';
import type { QwenModelInfo } from './model-info.js';

/** What a prompt is made with. */
export interface PromptContext {
  readonly info: QwenModelInfo;
  /** Most tokens that the model takes, prompt and answer together. */
  readonly contextLength: number;
  /** Reads pictures and clips; needed only when the messages hold any. */
  readonly media?: MediaSource;
  /** Where the options of a prompt do not say (default `parse`). */
  readonly addedTokensInText?: AddedTokensInText;
}

/**
 * What names of the tokenizer's added tokens (`<|im_end|>`, `<|box_start|>`, …) become in messages and tools. `parse`: those
 * tokens, as in Hugging Face's processor. `plain`: text like any other, so that untrusted text cannot end its own turn.
 */
export type AddedTokensInText = NonNullable<EncodeChatInput['addedTokensInText']>;

/** Options of a prompt. */
export interface PromptOptions extends MediaProgress {
  /** Number pictures and clips in the prompt ("Picture 1: "), where the template can. */
  readonly addVisionId?: boolean | undefined;
  /** Tools that the model may call, where the template knows any. */
  readonly tools?: readonly unknown[] | undefined;
  /** How control tokens in messages and tools are read (default: as the model was loaded, else `parse`). */
  readonly addedTokensInText?: AddedTokensInText | undefined;
}

/** A conversation as the model takes it. */
export interface Prompt {
  /** L ids, placeholders expanded. */
  readonly tokenIds: readonly number[];
  /** [3, L]. */
  readonly positions: Tensor<'int64'>;
  readonly ropeDelta: number;
  /** Pictures and clips in prompt order. */
  readonly segments: readonly VisualSegment[];
  /** The tokens of every segment. */
  readonly spans: readonly VisualSpan[];
}

/**
 * Renders, tokenises and positions a conversation.
 *
 * @throws PromptError for an empty prompt, when a text holds the placeholder of a picture that is not there, or when pictures
 * and clips alone fill more than the context.
 * @throws MediaError when a picture or clip cannot be read.
 */
export async function createPrompt(
  context: PromptContext,
  messages: readonly NormalisedMessage[],
  options: PromptOptions = {},
): Promise<Prompt> {
  const { info } = context;
  requireQuestion(messages);
  const segments = await loadSegments(context, messages, options);
  const { tools, addVisionId, addedTokensInText = context.addedTokensInText ?? 'parse' } = options;
  const slices = new TimeSlices();
  const { tokenIds, spans } = await encodeChatInSlices({
    signal: options.signal,
    tokenizer: info.tokenizer,
    messages,
    segments,
    spatialMergeSize: info.mergeSize,
    addedTokensInText,
    ...(addVisionId !== undefined && { addVisionId }),
    ...(tools && { tools }),
  });
  await slices.pause();
  throwIfAborted(options.signal);
  const { positions, ropeDelta } = ropeIndex({
    tokenIds,
    segments,
    spatialMergeSize: info.mergeSize,
    ...(info.tokensPerSecond !== undefined && { tokensPerSecond: info.tokensPerSecond }),
    tokens: info.visualTokens,
  });
  return { tokenIds, positions, ropeDelta, segments, spans };
}

async function loadSegments(
  { media, info, contextLength }: PromptContext,
  messages: readonly NormalisedMessage[],
  options: PromptOptions,
): Promise<VisualSegment[]> {
  const parts = messages.flatMap(visualParts);
  if (parts.length === 0) return [];
  if (!info.vision) {
    throw new PromptError('This model reads text only, but the conversation holds a picture or clip.', {
      remedy: 'Load a Qwen2.5-VL or Qwen2-VL checkpoint, or leave the picture out.',
    });
  }
  if (!media) {
    throw new PromptError('The conversation holds a picture, but nothing to read it with was given.', {
      remedy: 'Pass `media` when you load the model, e.g. createNodeMedia().',
    });
  }
  const request = { ...options, vision: info.vision, contextLength };
  const limit = { contextLength, vision: info.vision };
  // Before any is read.
  for (const part of parts) requireLeastFits(part, limit);
  const segments: VisualSegment[] = [];
  for (const part of parts) {
    throwIfAborted(options.signal);
    if (part.type === 'image') segments.push(await media.image(boundedPart(part, limit), request));
    else if (media.video) segments.push(await media.video(part, request));
    else throw new PromptError('The conversation holds a clip, but the media source reads pictures only.');
    requireFits(part, segments, limit);
  }
  return segments;
}

function visualParts({ content }: NormalisedMessage): readonly (ImagePart<MediaFile> | VideoPart<MediaFile>)[] {
  return typeof content === 'string' ? [] : content.filter((part) => part.type !== 'text');
}

function requireQuestion(messages: readonly NormalisedMessage[]): void {
  const last = messages.at(-1);
  if (last && (last.tool_calls || textOf(last).trim() !== '' || visualParts(last).length > 0)) return;
  throw new PromptError('The prompt is empty.', { remedy: 'Ask a question, or show a picture.' });
}
