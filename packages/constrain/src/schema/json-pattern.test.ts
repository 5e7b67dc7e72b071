import { PromptError } from '@vlmkit/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { ConstraintCompiler } from '../constraint-state.js';
import { isAnswer } from '../testing/answers.js';
import { randomWalk, smallTokenizer } from '../testing/random-walk.js';
import { smallCompiler } from '../testing/small-compiler.js';
import type { JsonSchema } from './json-schema.js';

const tokenizer = smallTokenizer();
let compiler: ConstraintCompiler;
beforeAll(async () => {
  compiler = await smallCompiler();
});
afterAll(() => compiler.dispose());

const boolean = { type: 'boolean' };

/** A string of a pattern, wherever schemas have one. */
function schemasOf(pattern: string): readonly JsonSchema[] {
  const string = { type: 'string', pattern };
  return [
    string,
    { type: 'object', properties: { a: string }, required: ['a'] },
    { type: 'array', items: string, minItems: 1, maxItems: 2 },
    { type: 'object', propertyNames: { pattern }, minProperties: 1 },
    { type: 'object', propertyNames: { pattern }, additionalProperties: boolean },
    { type: 'object', patternProperties: { [pattern]: boolean } },
  ];
}

/** The strings of an answer that a pattern is about. */
function stringsOf(schema: JsonSchema, value: unknown): readonly unknown[] {
  if (typeof value === 'string') return [value];
  if (Array.isArray(value)) return value;
  return 'properties' in schema ? Object.values(value as object) : Object.keys(value as object);
}

describe('patterns', () => {
  it.each([
    'red|blue',
    '^red$|^blue$',
    '^a|b$',
    '(?:a|b)|c',
    '(^a$)|b',
    '|foo',
    'foo|',
    'a||b',
    '^$|a',
    '(|a)(b|)',
    '^[a-z]+$|^$',
    '(?<n>^x|y$)',
    '"+',
    '^\\\\+$',
    '\\n{2}|\\0',
    'a\nb|\u0001+',
    '\\x22|\\u{5c}|\\u000a|\\cJ|\\v',
    'a/b|\\/',
    '[\\s\\S]{2}',
  ])('let through only JSON: %j', async (pattern) => {
    const whole = new RegExp(`^(?:${pattern})$`, 'u');
    for (const schema of schemasOf(pattern)) {
      let finished = 0;
      for (let seed = 0; seed < 8; seed++) {
        const state = await compiler.compile({ type: 'json', schema, maxWhitespace: 1 });
        const answer = await randomWalk(state, { tokenizer, seed, maxSteps: 150 });
        state.dispose();
        if (!answer.finished) continue;
        finished++;
        const strings = stringsOf(schema, JSON.parse(answer.text));
        for (const text of strings) expect(text, JSON.stringify(schema)).toMatch(whole);
      }
      expect(finished, JSON.stringify(schema)).toBeGreaterThan(2);
    }
  });

  it.each<[string, readonly string[], readonly string[]]>([
    ['red|blue', ['red', 'blue'], ['redblue', 'r', 'a red']],
    ['^red$|^blue$', ['red', 'blue'], ['redblue']],
    ['foo|', ['foo', ''], ['fo']],
    ['"+\\\\', ['"\\', '"""\\'], ['\\']],
    ['\\0|\n', ['\0', '\n'], ['', '\0\n']],
    ['a[\\s\\S]{2}', ['a"\\', 'a\n\u001f', 'aéb'], ['a"', 'a"bc', 'abcd']],
  ])('allow each alternative of %j', async (pattern, allowed, refused) => {
    const allows = (text: string) =>
      isAnswer(compiler, { tokenizer, constraint: { type: 'string', pattern }, text: JSON.stringify(text) });
    for (const text of allowed) expect(await allows(text), text).toBe(true);
    for (const text of refused) expect(await allows(text), text).toBe(false);
  });

  it('of zod have alternatives', async () => {
    const constraint = z.object({ a: z.string().regex(/yes|no/) });
    expect(await isAnswer(compiler, { tokenizer, constraint, text: '{"a":"no"}' })).toBe(true);
    expect(await isAnswer(compiler, { tokenizer, constraint, text: '{"a":"yes}' })).toBe(false);
  });

  it.each(['a^b', 'a$b', '^a$\n', '[\\u{22}]'])('are refused where nothing could be kept: %j', async (pattern) => {
    await expect(compiler.compile({ type: 'string', pattern })).rejects.toThrow(PromptError);
  });
});
