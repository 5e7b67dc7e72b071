import { PromptError, shownValue } from '@vlmkit/core';
import type { AnswerOptions } from './answer-stream.js';
import type { InspectOptions } from './inspect.js';
import { isRecord, requireKnownFields } from './known-fields.js';
import type { Message } from './messages.js';
import type { PromptOptions } from './prompt.js';

/** Options of one question. */
export interface ChatOptions
  extends AnswerOptions,
    Pick<PromptOptions, 'addVisionId' | 'tools' | 'addedTokensInText' | 'onProgress'> {}

/** One of several questions. */
export interface AskRequest {
  readonly messages: readonly Message[];
  readonly options?: ChatOptions | undefined;
}

/** Options of asking many questions. */
export interface AskManyOptions {
  /** Most questions answered at a time (default 8). Their KV caches are in memory together. */
  readonly batchSize?: number | undefined;
}

/** Every name of an options type, which the compiler compares with it. */
type Names<Options> = Readonly<Record<keyof Options, true>>;

const promptNames: Names<PromptOptions> = {
  addVisionId: true,
  tools: true,
  addedTokensInText: true,
  signal: true,
  onProgress: true,
};
const inspectNames: Names<InspectOptions> = { ...promptNames, newTokens: true };
const chatNames: Names<ChatOptions> = {
  maxNewTokens: true,
  doSample: true,
  temperature: true,
  topK: true,
  topP: true,
  minP: true,
  repetitionPenalty: true,
  presencePenalty: true,
  frequencyPenalty: true,
  logitBias: true,
  bannedIds: true,
  tokenizerSize: true,
  seed: true,
  stop: true,
  stopTokenIds: true,
  logprobs: true,
  topLogprobs: true,
  constraint: true,
  promptLookup: true,
  ...promptNames,
};
const manyNames: Names<AskManyOptions> = { batchSize: true };
const requestNames: Names<AskRequest> = { messages: true, options: true };

/**
 * Before pictures are read, and before other questions of the same call are answered.
 *
 * @throws PromptError for options that a question does not know, and a length, ids or a signal that are none.
 */
export function checkChatOptions(options: ChatOptions, vocabularySize: number): void {
  checkNames(options, 'The question', chatNames);
  checkSignal(options);
  requireLength(options.maxNewTokens);
  requireIds(options.stopTokenIds ?? [], vocabularySize);
}

/** @throws PromptError for options that a prompt does not know, and a signal that is none. */
export function checkPromptOptions(options: PromptOptions): void {
  checkNames(options, 'The prompt', promptNames);
  checkSignal(options);
}

/** @throws PromptError for options that an inspection does not know, and a signal that is none. */
export function checkInspectOptions(options: InspectOptions): void {
  checkNames(options, 'The inspection', inspectNames);
  checkSignal(options);
}

/** @throws PromptError for unknown options, and a size that is no count. */
export function checkAskManyOptions(options: AskManyOptions): void {
  checkNames(options, 'askMany', manyNames);
  const { batchSize = 1 } = options;
  if (Number.isInteger(batchSize) && batchSize >= 1) return;
  throw new PromptError('batchSize is out of range.', {
    expected: 'a count of 1 or more',
    actual: shownValue(batchSize),
  });
}

/** @throws PromptError for what is no sequence of questions. */
export function parseRequests(requests: Iterable<AskRequest>): readonly AskRequest[] {
  const expected = 'a list of {"messages", "options"}';
  if (typeof requests !== 'object' || typeof requests?.[Symbol.iterator] !== 'function') {
    throw new PromptError('The questions are not a list.', { expected });
  }
  const list = [...requests];
  for (const [i, request] of list.entries()) {
    const where = `Question ${i + 1}`;
    if (!isRecord(request))
      throw new PromptError(`${where} is not an object.`, { expected: '{"messages", "options"}' });
    requireKnownFields(request, where, { names: Object.keys(requestNames), style: 'camelCase' });
  }
  return list;
}

function checkNames(options: object, where: string, names: Readonly<Record<string, true>>): void {
  if (!isRecord(options)) {
    throw new PromptError('The options are not an object.', { expected: Object.keys(names).join(', ') });
  }
  const known = { names: Object.keys(names), style: 'camelCase', kind: 'option' } as const;
  requireKnownFields(options, where, known);
}

function checkSignal({ signal }: PromptOptions): void {
  if (signal === undefined || signal === null || (isRecord(signal) && typeof signal.aborted === 'boolean')) return;
  throw new PromptError('signal is no AbortSignal.', {
    expected: 'an object whose "aborted" is true or false',
    remedy: 'Pass the signal of an AbortController, not the controller.',
  });
}

function requireLength(maxNewTokens: number | undefined): void {
  if (maxNewTokens === undefined || (Number.isInteger(maxNewTokens) && maxNewTokens >= 1)) return;
  throw new PromptError('maxNewTokens is out of range.', {
    expected: 'a count of 1 or more',
    actual: shownValue(maxNewTokens),
    remedy: 'Leave it out for the default, or use createPrompt to count the tokens of a prompt.',
  });
}

function requireIds(ids: readonly number[], vocabularySize: number): void {
  const isId = (id: unknown) => Number.isInteger(id) && (id as number) >= 0 && (id as number) < vocabularySize;
  const wrong = Array.isArray(ids) ? ids.filter((id) => !isId(id)).slice(0, 1) : [ids];
  if (wrong.length === 0) return;
  throw new PromptError('stopTokenIds is out of range.', {
    expected: `a list of ids from 0 to ${vocabularySize - 1}`,
    actual: shownValue(wrong[0]),
  });
}
