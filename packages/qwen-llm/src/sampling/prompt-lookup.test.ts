import { PromptError } from '@vlmkit/core';
import { describe, expect, it } from 'vitest';
import { proposeFromPrompt } from './prompt-lookup.js';

describe('proposeFromPrompt', () => {
  it('proposes what followed the latest earlier occurrence', () => {
    const history = [1, 2, 3, 4, 9, 1, 2, 3, 5, 6, 7, 8, 1, 2, 3];
    expect(proposeFromPrompt(history, { ngram: 3, maxTokens: 3 })).toEqual([5, 6, 7]);
    expect(proposeFromPrompt(history, { ngram: 2, maxTokens: 10 })).toEqual([5, 6, 7, 8, 1, 2, 3]);
    expect(proposeFromPrompt(history.slice(0, 8), { ngram: 3, maxTokens: 3 })).toEqual([4, 9, 1]);
  });

  it('takes typed arrays, and overlapping occurrences', () => {
    expect(proposeFromPrompt(Int32Array.of(4, 4, 4), { ngram: 2, maxTokens: 5 })).toEqual([4]);
  });

  it('proposes nothing when the tokens stand nowhere else, or nothing is asked for', () => {
    expect(proposeFromPrompt([1, 2, 3, 4], { ngram: 2, maxTokens: 4 })).toEqual([]);
    expect(proposeFromPrompt([1, 2], { ngram: 2, maxTokens: 4 })).toEqual([]);
    expect(proposeFromPrompt([], { ngram: 1, maxTokens: 4 })).toEqual([]);
    expect(proposeFromPrompt([1, 1], { ngram: 1, maxTokens: 0 })).toEqual([]);
  });

  it('rejects impossible sizes', () => {
    expect(() => proposeFromPrompt([1], { ngram: 0, maxTokens: 1 })).toThrow(PromptError);
    expect(() => proposeFromPrompt([1], { ngram: 1, maxTokens: -1 })).toThrow(PromptError);
  });
});
