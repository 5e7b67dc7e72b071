import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { ConstraintCompiler } from '../constraint-state.js';
import { loadNodeGrammarEngine } from '../node/load-engine.js';
import { isAnswer } from '../testing/answers.js';
import { randomWalk, smallTokenizer } from '../testing/random-walk.js';
import { smallCompiler } from '../testing/small-compiler.js';
import type { JsonSchema } from './json-schema.js';
import { supportedSchema } from './supported-schema.js';

const tokenizer = smallTokenizer();
let compiler: ConstraintCompiler;
beforeAll(async () => {
  compiler = await smallCompiler();
});
afterAll(() => compiler.dispose());

const share = { type: 'number', minimum: 0, maximum: 1 };
const point = { type: 'object', properties: { x: share }, required: ['x'] };

describe('limits of numbers', () => {
  it.each<[string, JsonSchema, readonly unknown[], readonly unknown[]]>([
    ['at the root', share, [0.5], [1.5, 'own0']],
    ['beside other types', { ...share, type: ['number', 'string', 'null'], maxLength: 1 }, [1, 'a', null], [2, 'ab']],
    ['of integers beside null', { type: ['null', 'integer'], maximum: 1023 }, [1023, null, -4], [1024, 0.5]],
    ['where an integer is a number', { ...share, type: ['integer', 'number'] }, [0.5, 1], [2]],
    ['in properties', point, [{ x: 0.25 }], [{ x: 2 }, {}]],
    ['in additionalProperties', { type: 'object', additionalProperties: share }, [{ a: 1, b: 0 }], [{ a: 2 }]],
    ['in patternProperties', { type: 'object', patternProperties: { '^a+$': share } }, [{ aa: 1 }], [{ aa: 2 }]],
    [
      'in a record of an enum',
      { type: 'object', propertyNames: { enum: ['a'] }, additionalProperties: share },
      [{ a: 1 }],
      [{ a: 2 }],
    ],
    [
      'in counted properties',
      { type: 'object', additionalProperties: share, minProperties: 2 },
      [{ a: 1, b: 0 }],
      [{ a: 1 }, { a: 1, b: 2 }],
    ],
    ['in items', { type: 'array', items: share, minItems: 2, maxItems: 3 }, [[0, 1]], [[0], [0, 2], [0, 0, 0, 0]]],
    [
      'in prefixItems',
      { type: 'array', prefixItems: [share, { type: 'integer' }], items: { ...share, minimum: 0.5 } },
      [[0, 7, 0.5]],
      [
        [0, 7, 0.4],
        [2, 7],
      ],
    ],
    [
      'in anyOf',
      { anyOf: [share, { type: 'number', minimum: 5, maximum: 6 }, { type: 'null' }] },
      [0.5, 5.5, null],
      [3],
    ],
    ['in oneOf', { oneOf: [share, { type: 'string' }] }, [0.5, 'a'], [3]],
    ['in allOf', { allOf: [share] }, [0.5], [3]],
    [
      'in $defs',
      { type: 'array', items: { $ref: '#/$defs/a' }, $defs: { a: share, unused: { ...share, maximum: 9 } } },
      [[0, 1]],
      [[5]],
    ],
    [
      'that a $ref reaches in place',
      { type: 'object', properties: { a: point, b: { $ref: '#/properties/a/properties/x' } }, required: ['b'] },
      [{ b: 1 }],
      [{ b: 2 }],
    ],
    ['in what refers to itself', { anyOf: [share, { type: 'array', items: { $ref: '#' } }] }, [[[0.5]], 1], [[[2]]]],
    [
      'beside texts like a rule’s name',
      { type: 'object', properties: { own0: { enum: ['own0', 'own_0'] }, own_: share }, required: ['own0', 'own_'] },
      [
        { own0: 'own0', own_: 0.5 },
        { own0: 'own_0', own_: 1 },
      ],
      [
        { own0: 0.5, own_: 0.5 },
        { own0: 'own0', own_: 'own__0' },
      ],
    ],
    [
      'from zod',
      z.toJSONSchema(
        z.object({ a: z.number().positive().lt(2).nullable(), b: z.float64(), c: z.float32() }),
      ) as JsonSchema,
      [
        { a: 1.5, b: 1, c: -2 },
        { a: null, b: 0, c: 0 },
      ],
      [
        { a: 0, b: 0, c: 0 },
        { a: 2, b: 0, c: 0 },
      ],
    ],
  ])('are enforced %s', async (_, schema, allowed, refused) => {
    for (const maxWhitespace of [0, 2]) {
      const fits = (value: unknown) =>
        isAnswer(compiler, {
          tokenizer,
          constraint: { type: 'json', schema, maxWhitespace },
          text: JSON.stringify(value),
        });
      for (const value of allowed) expect(await fits(value), JSON.stringify(value)).toBe(true);
      for (const value of refused) expect(await fits(value), JSON.stringify(value)).toBe(false);
    }
  });

  it('hold for every finished answer', async () => {
    const schema = z.object({
      share: z.number().min(0).max(1),
      scores: z.array(z.number().gt(-2.5).lt(12.25)).max(4),
      count: z.int().min(5).max(123),
    });
    let finished = 0;
    for (let seed = 0; seed < 30; seed++) {
      const answer = await randomWalk(await compiler.compile(schema), { tokenizer, seed });
      if (!answer.finished) continue;
      schema.parse(JSON.parse(answer.text));
      finished++;
    }
    expect(finished).toBeGreaterThan(20);
  });

  it('are one rule where they are equal', () => {
    const { rules } = supportedSchema({ type: 'array', prefixItems: [share, point, { ...share, maximum: 2 }] });
    expect(rules).toHaveLength(2);
  });
});

describe('values', () => {
  const slashed = ['image/png', 'a\\/b', '/\\', '"/"', '\u007f/\u0001', '\ud83d', 'ü/\n'];
  it.each<[string, (value: unknown) => JsonSchema, (value: unknown) => unknown]>([
    ['in an enum', (value) => ({ enum: ['x', value] }), (value) => value],
    ['as a const', (value) => ({ const: value }), (value) => value],
    ['inside a const', (value) => ({ const: { 'a/b': [value] } }), (value) => ({ 'a/b': [value] })],
    [
      'in properties and items',
      (value) => ({ type: 'object', properties: { 'a/b': { type: 'array', items: { enum: [value, 1] } } } }),
      (value) => ({ 'a/b': [value, 1, value] }),
    ],
    ['in $defs', (value) => ({ $ref: '#/$defs/a', $defs: { a: { anyOf: [{ const: value }] } } }), (value) => value],
  ])('are written as JSON.stringify does %s', async (_, schemaOf, answerOf) => {
    for (const value of slashed) {
      const schema = schemaOf(value);
      const text = JSON.stringify(answerOf(value));
      expect(
        await isAnswer(compiler, { tokenizer, constraint: { type: 'json', schema, maxWhitespace: 0 }, text }),
      ).toBe(true);
    }
  });

  it('allow nothing else', async () => {
    const constraint = { enum: ['image/png', 1e30, null, { b: 1, a: 2 }] };
    for (const text of ['"image/png"', '1e+30', 'null', '{"b":1,"a":2}']) {
      expect(await isAnswer(compiler, { tokenizer, constraint, text }), text).toBe(true);
    }
    for (const text of ['"image\\/png"', '"image/pn"', '"own0"', '{"a":2,"b":1}']) {
      expect(await isAnswer(compiler, { tokenizer, constraint, text }), text).toBe(false);
    }
  });
});

it('the library’s grammar of a schema is the same in one step and in two', async () => {
  const { Grammar, Testings } = (await loadNodeGrammarEngine()).library;
  const schema = JSON.stringify({ type: 'object', properties: { a: { const: 'ü"\\' }, b: { type: 'number' } } });
  const inOne = await Grammar.fromJSONSchema(schema, true, -1, undefined, true, 8);
  const inTwo = await Grammar.fromEBNF(await Testings._jsonSchemaToEBNF(schema, true, -1, undefined, true, 8));
  expect(inTwo.toString()).toBe(inOne.toString());
});
