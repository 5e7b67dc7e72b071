import { AbortError, type AbortSignalLike, PromptError } from '@vlmkit/core';
import {
  createSampler,
  createStopper,
  type GeneratedToken,
  generateTokens,
  type PromptLookup,
  type SamplingOptions,
  type TokenConstraint,
} from '@vlmkit/qwen-llm';
import { createStreamDecoder } from '@vlmkit/tokenizer';
import type { Answer, FinishReason, StreamEvent, Timings } from './answer.js';
import type { Conversation } from './conversation.js';
import { answerReferences, seenMedia } from './grounded-answer.js';
import type { QwenModelInfo } from './model-info.js';
import type { Prompt } from './prompt.js';

/** How an answer is generated. What is left out comes from the checkpoint's generation_config.json. */
export interface AnswerOptions extends SamplingOptions {
  /** Most tokens of the answer (default: the checkpoint's max_new_tokens or 512, as far as the context has room). */
  readonly maxNewTokens?: number | undefined;
  /** Strings that end the answer; they are not part of it. */
  readonly stop?: string | readonly string[] | undefined;
  /** Ids that end the answer beside those of the checkpoint; the one that does is in `tokenIds`, and no part of the text. */
  readonly stopTokenIds?: readonly number[] | undefined;
  /** Form that the answer must have, compiled for this answer alone, e.g. by `@vlmkit/constrain`. The caller disposes of it. */
  readonly constraint?: TokenConstraint | undefined;
  /** Guess tokens from earlier text, for answers that repeat it (default false). The answer is the same. */
  readonly promptLookup?: PromptLookup | undefined;
  readonly signal?: AbortSignalLike | undefined;
}

/** What an answer is made from. */
export interface AnswerRequest {
  readonly info: QwenModelInfo;
  readonly conversation: Conversation;
  readonly prompt: Prompt;
  /** Text of the last message, which may name the picture that boxes belong to. */
  readonly question: string;
  readonly preprocessMs: number;
  readonly contextLength: number;
  readonly sampling: SamplingOptions;
  readonly options: AnswerOptions;
}

const defaultNewTokens = 512;

/** Most tokens that the answer to a request may have. */
export function answerLimit({ info, prompt, contextLength, options }: Omit<AnswerRequest, 'conversation'>): number {
  const room = Math.max(contextLength - prompt.tokenIds.length, 1);
  return options.maxNewTokens ?? Math.min(info.maxNewTokens ?? defaultNewTokens, room);
}

/** Runs a stream to its end. */
export async function lastAnswer(stream: AsyncIterable<StreamEvent>): Promise<Answer> {
  for await (const event of stream) if (event.type === 'done') return event.answer;
  throw new PromptError('The stream ended without an answer.');
}

/**
 * Prefills the prompt and streams the answer. Text arrives in whole characters, U+FFFD for one that the end cuts; an abort
 * ends the stream with the text so far and `finishReason: 'abort'`.
 */
export async function* streamAnswer(request: AnswerRequest): AsyncGenerator<StreamEvent, void, void> {
  const { info, conversation, prompt, options } = request;
  const { signal } = options;
  const promptTokens = prompt.tokenIds.length;
  const maxNewTokens = answerLimit(request);
  const sampler = createSampler(request.sampling);
  const stopIds = [...info.stopIds, ...(options.stopTokenIds ?? [])];
  const stopper = createStopper({ stopIds, stopStrings: options.stop ?? [], maxNewTokens });
  const decoder = createStreamDecoder(info.tokenizer);

  let timings: Timings = { preprocessMs: request.preprocessMs, visionMs: 0, prefillMs: 0, decodeMs: 0 };
  const tokens: GeneratedToken[] = [];
  let text = '';
  let reusedTokens = 0;
  let finishReason: FinishReason = 'length';
  let decodeStart = Date.now();
  try {
    const prefilled = await conversation.prefill(prompt, { newTokens: maxNewTokens, ...(signal && { signal }) });
    reusedTokens = prefilled.reusedTokens;
    timings = { ...timings, visionMs: prefilled.visionMs, prefillMs: prefilled.prefillMs };
    yield { type: 'prefilled', promptTokens, reusedTokens, timings };
    decodeStart = Date.now();
    const generated = generateTokens({
      state: prefilled.state,
      logits: prefilled.logits,
      promptIds: prompt.tokenIds,
      ropeDelta: prompt.ropeDelta,
      sampler,
      sampling: request.sampling,
      stopIds,
      maxNewTokens,
      ...(options.constraint && { constraint: options.constraint }),
      ...(options.promptLookup !== undefined && { promptLookup: options.promptLookup }),
      ...(signal && { signal }),
    });
    for await (const token of generated) {
      tokens.push(token);
      const step = stopper.push(token.id, stopIds.includes(token.id) ? '' : decoder.push(token.id));
      // What a stop string ends is not text any more; all other ends show the character that they cut, as decoding does.
      const unfinished = step.reason && step.stopString === undefined ? decoder.flush() : '';
      const piece = step.text + unfinished;
      text += piece;
      if (piece) yield { type: 'text', text: piece, tokens: tokens.length };
      if (step.reason) {
        finishReason = step.reason;
        break;
      }
    }
  } catch (error) {
    if (!(error instanceof AbortError)) throw error;
    finishReason = 'abort';
    const rest = stopper.end(decoder.flush());
    text += rest.text;
    if (rest.text) yield { type: 'text', text: rest.text, tokens: tokens.length };
  } finally {
    conversation.noteGenerated(tokens.map(({ id }) => id));
  }
  timings = { ...timings, decodeMs: Date.now() - decodeStart };
  yield { type: 'done', answer: finish({ request, text, tokens, finishReason, reusedTokens, timings }) };
}

/** The answer to a question that was aborted before its turn came. */
export function abortedAnswer(preprocessMs: number): Answer {
  return {
    text: '',
    tokenIds: [],
    promptTokens: 0,
    reusedTokens: 0,
    draftedTokens: 0,
    finishReason: 'abort',
    media: [],
    grounding: [],
    times: [],
    timings: { preprocessMs, visionMs: 0, prefillMs: 0, decodeMs: 0 },
  };
}

interface Finished {
  readonly request: AnswerRequest;
  readonly text: string;
  readonly tokens: readonly GeneratedToken[];
  readonly finishReason: FinishReason;
  readonly reusedTokens: number;
  readonly timings: Timings;
}

function finish({ request, text, tokens, finishReason, reusedTokens, timings }: Finished): Answer {
  const { prompt, info } = request;
  const logprobs = tokens.flatMap(({ id, logprob, top }) =>
    logprob === undefined ? [] : [{ id, logprob, top: top ?? [] }],
  );
  return {
    text,
    tokenIds: tokens.map(({ id }) => id),
    promptTokens: prompt.tokenIds.length,
    reusedTokens,
    draftedTokens: tokens.filter(({ drafted }) => drafted).length,
    finishReason,
    media: prompt.segments.map(seenMedia),
    ...answerReferences(text, { segments: prompt.segments, question: request.question }, info),
    timings,
    ...(logprobs.length > 0 && { logprobs }),
  };
}
