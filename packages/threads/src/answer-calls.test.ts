import { RuntimeError } from '@vlmkit/core';
import { expect, it } from 'vitest';
import { answerCalls } from './answer-calls.js';

it('refuses to answer where nobody calls', () => {
  expect(() => answerCalls({})).toThrow(RuntimeError);
  expect(() => answerCalls({})).toThrow(/main thread.*WorkerThread/);
});
