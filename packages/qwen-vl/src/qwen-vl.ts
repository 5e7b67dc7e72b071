import { AbortError, type ModelModules, type PromptError, unlessAborted } from '@vlmkit/core';
import { resolveSampling, type SamplingOptions } from '@vlmkit/qwen-llm';
import type { Answer, StreamEvent } from './answer.js';
import { type AnswerOptions, abortedAnswer, lastAnswer, streamAnswer } from './answer-stream.js';
import { type AskManyParts, askInBatches, type Prepared } from './ask-many.js';
import type { PreparedRequest } from './ask-together.js';
import {
  type AskManyOptions,
  type AskRequest,
  type ChatOptions,
  checkAskManyOptions,
  checkChatOptions,
  checkInspectOptions,
  checkPromptOptions,
  parseRequests,
} from './chat-options.js';
import { doesNotFit, shorten } from './context-limit.js';
import { Conversation } from './conversation.js';
import { type InspectOptions, inspectStages, type Stages } from './inspect.js';
import type { MediaSource } from './media.js';
import { type Message, parseMessages, textOf } from './messages.js';
import type { QwenModelInfo } from './model-info.js';
import { type AddedTokensInText, createPrompt, type Prompt, type PromptContext, type PromptOptions } from './prompt.js';
import { requestedSampling } from './sampling-defaults.js';
import { TurnQueue } from './turn-queue.js';
import { VisionFeatures } from './vision-features.js';

/** What a model is assembled from. */
export interface QwenVLParts {
  readonly info: QwenModelInfo;
  readonly modules: ModelModules;
  readonly media?: MediaSource | undefined;
  /** Bytes of visual features kept for reuse (default 256 MiB). */
  readonly featureCacheBytes?: number | undefined;
  /** How control tokens in messages and tools are read, where a question does not say (default `parse`). */
  readonly addedTokensInText?: AddedTokensInText | undefined;
}

/** Tokens that a chat's cache has room for from the start: memory is reserved, and taken as the chat grows. */
const chatReserve = 8192;

/**
 * A conversation that remembers: each turn computes only what is new. A turn waits for those asked before it; one whose
 * stream is not read on is finished as soon as another waits.
 */
export interface Chat {
  /** Asks with the whole history; what is unchanged at its beginning is reused. */
  stream(messages: readonly Message[], options?: ChatOptions): AsyncGenerator<StreamEvent, void, void>;
  /** As {@link Chat.stream}, to its end. */
  ask(messages: readonly Message[], options?: ChatOptions): Promise<Answer>;
  /** Frees the KV cache and ends the chat: turns that wait or run reject with a RuntimeError. */
  dispose(): void;
}

/** A turn of a conversation, which may begin when `turn` resolves. */
interface Turn {
  readonly conversation: Conversation;
  readonly turn: Promise<void>;
}

/** A Qwen vision-language model (or a Qwen text model), ready to answer. */
export class QwenVL {
  readonly info: QwenModelInfo;
  readonly modules: ModelModules;
  readonly #prompts: PromptContext;
  readonly #vision: VisionFeatures | undefined;

  constructor({ info, modules, media, featureCacheBytes, addedTokensInText }: QwenVLParts) {
    this.info = info;
    this.modules = modules;
    const { contextLength } = modules.backbone;
    this.#prompts = { info, contextLength, ...(media && { media }), ...(addedTokensInText && { addedTokensInText }) };
    const { encoder, inputProjector } = modules;
    const cache = featureCacheBytes === undefined ? {} : { cacheBytes: featureCacheBytes };
    this.#vision = encoder && inputProjector && new VisionFeatures({ encoder, inputProjector }, cache);
  }

  /** Pictures and clips that were encoded so far, rather than found in the cache. */
  get encodedSegments(): number {
    return this.#vision?.encodedSegments ?? 0;
  }

  /** Most tokens of prompt and answer together. */
  get contextLength(): number {
    return this.modules.backbone.contextLength;
  }

  /** Starts a conversation whose turns share one KV cache. */
  createChat(): Chat {
    return this.#chat(chatReserve);
  }

  #chat(reserve: number): Chat {
    const conversation = new Conversation(this.modules.backbone, this.#vision, { reserve });
    const turns = new TurnQueue();
    const ask = (messages: readonly Message[], options: ChatOptions) =>
      turns.run((turn) => this.#stream({ conversation, turn }, messages, options));
    async function* stream(messages: readonly Message[], options: ChatOptions = {}) {
      conversation.assertOpen();
      try {
        yield* ask(messages, options);
      } catch (error) {
        conversation.assertOpen(error);
        throw error;
      }
    }
    return {
      stream,
      ask: (messages, options) => lastAnswer(stream(messages, options)),
      dispose: () => conversation.dispose(),
    };
  }

  /**
   * Streams one answer.
   *
   * @throws PromptError for messages that cannot be asked.
   * @throws MediaError when a picture or clip cannot be read.
   */
  async *stream(messages: readonly Message[], options: ChatOptions = {}): AsyncGenerator<StreamEvent, void, void> {
    const chat = this.#chat(0);
    try {
      yield* chat.stream(messages, options);
    } finally {
      chat.dispose();
    }
  }

  /** Answers once. As {@link QwenVL.stream}, to its end. */
  ask(messages: readonly Message[], options: ChatOptions = {}): Promise<Answer> {
    return lastAnswer(this.stream(messages, options));
  }

  /**
   * Answers many questions, several at a time: a step of all answers is one run of the decoder, which reads its weights
   * once for all. Answers are those of {@link QwenVL.ask}, in the order of the questions. Their pictures and clips are read
   * several questions at a time, too.
   *
   * @throws as {@link QwenVL.stream}, for the first question that fails, when the others that were begun have ended.
   */
  async askMany(requests: Iterable<AskRequest>, options: AskManyOptions = {}): Promise<readonly Answer[]> {
    const answers: Answer[] = [];
    for await (const result of this.#askMany(requests, options, { settle: false })) {
      if (result.status === 'rejected') throw result.reason;
      answers.push(result.value);
    }
    return answers;
  }

  /**
   * As {@link QwenVL.askMany}, but a question that fails leaves the others to be answered, as with `Promise.allSettled`.
   *
   * @throws PromptError for what is no list of questions, and for unknown options of the call.
   */
  async askManySettled(
    requests: Iterable<AskRequest>,
    options: AskManyOptions = {},
  ): Promise<readonly PromiseSettledResult<Answer>[]> {
    const results: PromiseSettledResult<Answer>[] = [];
    for await (const result of this.#askMany(requests, options, { settle: true })) results.push(result);
    return results;
  }

  #askMany(requests: Iterable<AskRequest>, options: AskManyOptions, { settle }: Pick<AskManyParts, 'settle'>) {
    checkAskManyOptions(options);
    const { batchSize = 8 } = options;
    const modules = { backbone: this.modules.backbone, vision: this.#vision };
    const prepare = ({ messages, options }: AskRequest) => this.#prepare(messages, options ?? {});
    return askInBatches(parseRequests(requests), { batchSize, modules, settle, prepare });
  }

  /** Renders, tokenises and positions a conversation without running the model. */
  async createPrompt(messages: readonly Message[], options: PromptOptions = {}): Promise<Prompt> {
    checkPromptOptions(options);
    return createPrompt(this.#prompts, parseMessages(messages), options);
  }

  /** Every intermediate stage of one prompt, for comparison with a reference. */
  async inspect(messages: readonly Message[], options: InspectOptions = {}): Promise<Stages> {
    checkInspectOptions(options);
    const prompt = await createPrompt(this.#prompts, parseMessages(messages), options);
    return inspectStages({ prompt, backbone: this.modules.backbone, vision: this.#vision, info: this.info }, options);
  }

  /** Frees the modules. */
  async dispose(): Promise<void> {
    const { encoder, inputProjector, backbone, outputProjector, generator } = this.modules;
    await Promise.all(
      [encoder, inputProjector, backbone, outputProjector, generator].map((module) => module?.dispose()),
    );
  }

  async *#stream(
    { conversation, turn }: Turn,
    messages: readonly Message[],
    options: ChatOptions,
  ): AsyncGenerator<StreamEvent, void, void> {
    const { request, aborted } = await this.#prepare(messages, options, turn);
    if (aborted) yield { type: 'done', answer: aborted };
    else yield* streamAnswer({ ...request, conversation });
  }

  async #prepare(messages: readonly Message[], options: ChatOptions, turn?: Promise<void>): Promise<Prepared> {
    const start = Date.now();
    try {
      const request = await this.#request(messages, options);
      if (turn) await unlessAborted(turn, options.signal);
      return { request };
    } catch (error) {
      if (!(error instanceof AbortError)) throw error;
      return { aborted: abortedAnswer(Date.now() - start) };
    }
  }

  async #request(messages: readonly Message[], options: ChatOptions): Promise<PreparedRequest> {
    const start = Date.now();
    const { vocabularySize } = this.modules.backbone;
    checkChatOptions(options, vocabularySize);
    const sampling = this.#sampling(options);
    resolveSampling(sampling, vocabularySize);
    const parsed = parseMessages(messages);
    const prompt = await createPrompt(this.#prompts, parsed, options);
    const promptTokens = prompt.tokenIds.length;
    if (promptTokens + (options.maxNewTokens ?? 1) > this.contextLength)
      throw tooLong(prompt, options, this.contextLength);
    return {
      info: this.info,
      prompt,
      question: textOf(parsed.at(-1)!),
      preprocessMs: Date.now() - start,
      contextLength: this.contextLength,
      sampling,
      options,
    };
  }

  /** The checkpoint's defaults, what the caller asked for, and the ids that are never an answer. */
  #sampling(options: AnswerOptions): SamplingOptions {
    const { visualTokens, tokenizer, sampling } = this.info;
    const banned = [visualTokens.image, visualTokens.video].filter((id) => id >= 0);
    return {
      ...requestedSampling(sampling, options),
      bannedIds: [...banned, ...(options.bannedIds ?? [])],
      tokenizerSize: tokenizer.vocabularySize,
      // Rivals are told beside the chosen token, whose own log-probability comes with them.
      logprobs: (options.logprobs ?? false) || (options.topLogprobs ?? 0) > 0,
    };
  }
}

function tooLong({ tokenIds, segments }: Prompt, { maxNewTokens }: ChatOptions, limit: number): PromptError {
  const actual = `${tokenIds.length} in the prompt${maxNewTokens ? ` and ${maxNewTokens} asked for` : ''}`;
  return doesNotFit(limit, actual, shorten(segments));
}
