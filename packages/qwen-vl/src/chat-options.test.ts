import { PromptError } from '@vlmkit/core';
import { expect, it } from 'vitest';
import { checkChatOptions, checkInspectOptions, checkPromptOptions } from './chat-options.js';

it.each<[object, RegExp]>([
  [{ maxTokens: 5 }, /The question has an unknown option\. Expected maxNewTokens, .* Found maxTokens\. Leave it out/],
  [{ max_new_tokens: 2 }, /Found max_new_tokens\. Write maxNewTokens\./],
  [{ top_logprobs: 2 }, /Write topLogprobs\./],
  [{ signal: {} }, /signal is no AbortSignal.*controller/],
  [{ signal: new AbortController() }, /signal is no AbortSignal/],
  [{ maxNewTokens: 0 }, /maxNewTokens is out of range\. .* Found 0\./],
  [{ maxNewTokens: '5' }, /Found "5"\./],
  [{ stopTokenIds: [1, 100] }, /stopTokenIds is out of range\. Expected a list of ids from 0 to 99\. Found 100\./],
  [{ stopTokenIds: [0.5] }, /stopTokenIds/],
  [{ stopTokenIds: 7 }, /Found 7\./],
  [[], /options are not an object/],
])('options of a question that have no effect are refused: %j', (options, message) => {
  expect(() => checkChatOptions(options, 100)).toThrow(PromptError);
  expect(() => checkChatOptions(options, 100)).toThrow(message);
});

it('prompts and inspections know options of their own', () => {
  expect(() => checkPromptOptions({ maxNewTokens: 2 } as object)).toThrow(/The prompt has an unknown option/);
  expect(() => checkInspectOptions({ new_tokens: 2 } as object)).toThrow(/Write newTokens/);
  checkInspectOptions({ newTokens: 2, addVisionId: true, signal: AbortSignal.timeout(1) });
});

it('options without a value are none', () => {
  checkChatOptions({ maxTokens: undefined, signal: { aborted: false }, temperature: 0, stop: 'x' } as object, 100);
});
