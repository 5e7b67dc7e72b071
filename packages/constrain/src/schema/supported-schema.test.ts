import { PromptError } from '@vlmkit/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { ConstraintCompiler } from '../constraint-state.js';
import { isAnswer } from '../testing/answers.js';
import { smallTokenizer } from '../testing/random-walk.js';
import { smallCompiler } from '../testing/small-compiler.js';
import type { JsonSchema } from './json-schema.js';

const tokenizer = smallTokenizer();
let compiler: ConstraintCompiler;
beforeAll(async () => {
  compiler = await smallCompiler();
});
afterAll(() => compiler.dispose());

/** Whether a text is a whole answer. */
function allowsText(schema: JsonSchema, text: string): Promise<boolean> {
  return isAnswer(compiler, { tokenizer, constraint: { type: 'json', schema, maxWhitespace: 0 }, text });
}

/** Whether a value, written as JSON on one line, is an answer. */
function allows(schema: JsonSchema, value: unknown): Promise<boolean> {
  return allowsText(schema, JSON.stringify(value));
}

const string = { type: 'string' };
const integer = { type: 'integer' };
const named = (kind: string) => ({ type: 'object', properties: { kind: { const: kind } }, required: ['kind'] });

describe('schemas', () => {
  it.each<[string, JsonSchema, readonly unknown[], readonly unknown[]]>([
    ['types', { type: ['string', 'null'] }, ['a', null], [1]],
    ['type-less objects', { properties: { a: integer }, required: ['a'] }, [{ a: 1 }], [{}, { a: 'x' }]],
    ['type-less arrays', { items: integer }, [[1]], [['a'], 1]],
    ['enum', { type: 'string', enum: ['a', 'b'] }, ['a', 'b'], ['c']],
    ['const', { type: 'object', const: { a: [1] } }, [{ a: [1] }], [{}]],
    ['anyOf', { anyOf: [string, integer] }, ['a', 1], [true]],
    ['anyOf of a type', { type: 'object', anyOf: [named('a'), named('b')] }, [{ kind: 'b' }], [{ kind: 'c' }]],
    ['oneOf of types', { oneOf: [string, integer] }, ['a', 1], [true]],
    ['oneOf of kinds', { oneOf: [named('a'), named('b')] }, [{ kind: 'a' }], [{ kind: 'c' }]],
    ['allOf of one', { allOf: [{ type: 'string', maxLength: 1 }] }, ['a'], ['aa', 1]],
    ['$ref', { $ref: '#/$defs/a', $defs: { a: integer } }, [1], ['a']],
    ['$ref to the root', { type: 'object', properties: { n: { $ref: '#' } } }, [{ n: {} }], [{ n: 1 }]],
    ['lengths', { type: 'string', minLength: 2, maxLength: 3 }, ['ab', 'abc'], ['a', 'abcd']],
    ['pattern', { type: 'string', pattern: '^a.$' }, ['ab', 'aä'], ['a', 'ba']],
    ['format', { type: 'string', format: 'date' }, ['2024-02-03'], ['2024-2-3']],
    ['format beside other types', { type: ['null', 'string'], format: 'date' }, ['2024-02-03', null], ['2024-2-3']],
    [
      'format of names',
      { type: 'object', propertyNames: { format: 'ipv4' }, minProperties: 1 },
      [{ '1.2.3.4': 1 }],
      [{ '01.2.3.4': 1 }],
    ],
    ['formats that are annotations', { format: 'idn-email' }, ['a', 1], []],
    ['pattern beside format', { type: 'string', format: 'date', pattern: '^2.+$' }, ['2024'], ['1999-01-01']],
    ['minimum', { type: 'integer', minimum: 3 }, [3, 12], [2, -3]],
    ['negative minimum', { type: 'integer', minimum: -12 }, [-12, -3, 0, 40], [-13]],
    ['maximum', { type: 'integer', maximum: -3 }, [-3, -40], [-2, 5]],
    [
      'exclusive limits',
      { type: ['integer', 'null'], exclusiveMinimum: 1.5, exclusiveMaximum: 10 },
      [2, 9, null],
      [1, 10],
    ],
    ['both minima', { type: 'integer', minimum: 3, exclusiveMinimum: 5, maximum: 9 }, [6], [5, 4]],
    ['items', { type: 'array', items: integer, minItems: 1, maxItems: 2 }, [[1], [1, 2]], [[], [1, 2, 3]]],
    ['prefixItems', { type: 'array', prefixItems: [integer], items: false }, [[1]], [[1, 2], ['a']]],
    ['properties', { type: 'object', properties: { a: integer }, required: ['a'] }, [{ a: 1 }], [{}, { a: 1, b: 2 }]],
    ['additionalProperties', { type: 'object', additionalProperties: integer }, [{ a: 1 }], [{ a: 'x' }]],
    ['patternProperties', { type: 'object', patternProperties: { '^x[0-9]+$': integer } }, [{ x1: 1 }], [{ y: 1 }]],
    ['minProperties', { type: 'object', additionalProperties: integer, minProperties: 1 }, [{ a: 1 }], [{}]],
    ['propertyNames', { type: 'object', propertyNames: { pattern: '^x+$' } }, [{ xx: 'a' }], [{ y: 1 }]],
    [
      'a property with the name of a keyword',
      { type: 'object', properties: { enum: { type: 'string', pattern: '^.$' }, not: integer }, required: ['enum'] },
      [{ enum: 'ä', not: 1 }],
      [{ not: 1 }],
    ],
    [
      'names that JSON escapes',
      {
        type: 'object',
        properties: { 'naïve "k"\n': integer, '\\': string, '\u0001/\ud83d': integer, '"': { $ref: '#' } },
        required: ['naïve "k"\n', '\\'],
      },
      [
        { 'naïve "k"\n': 1, '\\': 'a' },
        { 'naïve "k"\n': 1, '\\': 'a', '\u0001/\ud83d': 2, '"': { 'naïve "k"\n': 3, '\\': '' } },
      ],
      [{ 'naïve "k"\n': 1 }, { 'naïve "k"\n': 'a', '\\': 'a' }, { 'naïve k\n': 1, '\\': 'a' }],
    ],
    ['annotations', { ...string, title: 't', default: 'x', examples: [1], 'x-order': 1, format: 'jwt' }, ['a'], [1]],
    ['any value', {}, [1, 'a', { b: [null] }], []],
  ])('enforce %s', async (_, schema, allowed, refused) => {
    for (const value of allowed) expect(await allows(schema, value), JSON.stringify(value)).toBe(true);
    for (const value of refused) expect(await allows(schema, value), JSON.stringify(value)).toBe(false);
  });

  it.each<[string, JsonSchema]>([
    ['#/properties/a/not', { type: 'object', properties: { a: { not: { const: 1 } } } }],
    ['#/multipleOf', { type: 'integer', multipleOf: 5 }],
    ['#/items/uniqueItems', { type: 'array', items: { type: 'array', uniqueItems: true } }],
    ['#/contains', { type: 'array', contains: integer }],
    ['#/if', { if: { const: 1 }, else: {} }],
    ['#/dependentRequired', { type: 'object', dependentRequired: { a: ['b'] } }],
    ['#/propertees', { type: 'object', propertees: { a: integer } }],
    ['#/$defs/a~1b/nullable', { type: 'object', $defs: { 'a/b': { nullable: true } } }],
    ['#/allOf', { allOf: [string, { maxLength: 3 }] }],
    ['#/anyOf', { anyOf: [] }],
    ['#/maxLength', { $ref: '#/$defs/a', maxLength: 3, $defs: { a: string } }],
    ['#/properties', { properties: { a: integer }, anyOf: [{ required: ['a'] }] }],
    ['#/type', { type: 'string', enum: ['a', 1] }],
    ['#/type', { type: 'string', anyOf: [{ minLength: 2 }] }],
    ['#/oneOf/1', { oneOf: [integer, { type: 'number' }] }],
    ['#/oneOf/1', { oneOf: [{ type: 'object' }, named('a')] }],
    ['#/enum', { enum: [] }],
    ['#/properties/a/enum', { properties: { a: { enum: 'ab' } } }],
    ['#/items/$ref', { type: 'array', items: { $ref: '#/$defs/b' }, $defs: { a: integer } }],
    ['#/$ref', { $ref: '#/$defs/a~1b', $defs: { 'a/b': integer } }],
    ['#/$ref', { $ref: 'https://example.org/schema.json' }],
    ['#/items/$ref', { type: 'array', items: { $ref: '#anchor' } }],
    ['#/required/1', { type: 'object', properties: { a: integer }, required: ['a', 'b'] }],
    ['#/minLength', { minLength: 2 }],
    ['#/format', { format: 'date' }],
    ['#/properties/a/format', { properties: { a: { format: 'json-pointer' } } }],
    ['#/properties', { properties: {}, minItems: 2 }],
    ['#/maxLength', { type: 'string', pattern: '^a+$', maxLength: 2 }],
    ['#/minLength', { type: 'string', format: 'date', minLength: 2 }],
    ['#/minimum', { type: 'number', minimum: '0.5' }],
    ['#/maximum', { type: 'number', minimum: 1, maximum: 0.5 }],
    ['#/exclusiveMaximum', { type: 'number', minimum: 0, exclusiveMaximum: 0 }],
    ['#/exclusiveMaximum', { type: 'integer', exclusiveMinimum: 1, exclusiveMaximum: 2 }],
    ['#/minimum', { type: 'integer', minimum: 1e21 }],
    ['#/properties/a/multipleOf', { properties: { a: { type: 'number', minimum: 0, multipleOf: 0.1 } } }],
    ['#/exclusiveMinimum', { type: 'integer', exclusiveMinimum: true }],
    ['#/exclusiveMinimum', { type: 'number', minimum: 0, exclusiveMinimum: true }],
    ['#/maxLength', { type: 'string', minLength: 3, maxLength: 2 }],
    ['#/items', { type: 'array', items: [integer] }],
    ['#/properties/a', { type: 'object', properties: { a: false } }],
    ['#/required/0', { type: 'object', properties: { 'a"b': integer }, required: ['a\\"b'] }],
    ['#/patternProperties', { type: 'object', properties: { a: integer }, patternProperties: { '^b$': integer } }],
    [
      '#/propertyNames',
      { type: 'object', propertyNames: { pattern: '^b$', maxLength: 1 }, additionalProperties: integer },
    ],
  ])('are refused for %s in %j', async (place, schema) => {
    const error = await compiler.compile({ type: 'json', schema }).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(PromptError);
    const { message, remedy } = error as PromptError;
    expect(message).toContain(`answer: ${place}.`);
    expect(remedy).toMatch(/\S/);
  });

  it.each(['^.$', '^[^a]$', '^\\S$', '^\\W$', '^\\D$', '^[^\\d]$', '^"$', '^\\n$', '^\\\\$'])(
    'keep strings of the pattern %s JSON',
    async (pattern) => {
      const schema = { type: 'string', pattern };
      for (const raw of ['"', '\\', '\n', '\t']) {
        expect(await allowsText(schema, `"${raw}"`), JSON.stringify(raw)).toBe(false);
      }
    },
  );

  it('write what patterns name as JSON does', async () => {
    const schema = { type: 'string', pattern: '^"a"\\s[\\s\\w]\\n\\\\$' };
    expect(await allows(schema, '"a"  \n\\')).toBe(true);
    await expect(allows({ type: 'string', pattern: '^[ -~]+$' }, 'a')).rejects.toThrow(
      /\[ -~\] cannot constrain a JSON/,
    );
    expect(await allowsText({ type: 'string', maxLength: 2 }, '"\t"')).toBe(false);
  });

  it('come in the wrappers of OpenAI', async () => {
    const schema = { type: 'object', properties: { a: integer }, required: ['a'] };
    const inner = { name: 'answer', strict: true, schema };
    const format = { type: 'json_schema', json_schema: inner };
    for (const wrapped of [inner, format, { response_format: format }, { type: 'json_schema', ...inner }]) {
      expect(await allows(wrapped, { a: 1 })).toBe(true);
      expect(await allows(wrapped, { b: 1 })).toBe(false);
    }
  });
});

describe("zod's schemas", () => {
  it.each<[string, z.ZodType, readonly unknown[], readonly unknown[]]>([
    ['records', z.record(z.string(), z.int()), [{ a: 1 }, {}], [{ a: 'x' }]],
    [
      'records of an enum',
      z.record(z.enum(['a', 'b']), z.int()),
      [{ a: 1, b: 2 }],
      [{ a: 1 }, { a: 'x', b: 2 }, { c: 1 }],
    ],
    ['records of a pattern', z.record(z.string().regex(/^x+$/), z.int()), [{ x: 1 }], [{ y: 1 }, { x: 'a' }]],
    ['tuples', z.tuple([z.string(), z.int()]), [['a', 1]], [['a'], [1, 'a']]],
    ['positive integers', z.int().positive(), [1, 500], [0, -1]],
    ['dates', z.iso.date(), ['2024-02-29'], ['2023-02-29', 'x']],
    ['email addresses', z.email(), ['a@b.co'], ['a']],
    ['uuids', z.uuid(), ['123e4567-e89b-12d3-a456-426614174000'], ['1']],
    ['optional and nullable', z.object({ a: z.string().nullable().optional() }), [{}, { a: null }], [{ a: 1 }]],
    [
      'unions by a tag',
      z.discriminatedUnion('k', [z.object({ k: z.literal('a'), n: z.int() }), z.object({ k: z.literal('b') })]),
      [{ k: 'a', n: 1 }, { k: 'b' }],
      [{ k: 'a' }, { k: 'c' }],
    ],
    ['what refers to itself', tree(), [{ children: [{ children: [] }] }], [{ children: [1] }]],
    ['descriptions and defaults', z.object({ a: z.int().default(3).describe('count') }), [{ a: 1 }], [{ a: 'x' }]],
  ])('enforce %s', async (_, schema, allowed, refused) => {
    const plain = z.toJSONSchema(schema) as JsonSchema;
    for (const value of allowed) expect(await allows(plain, value), JSON.stringify(value)).toBe(true);
    for (const value of refused) expect(await allows(plain, value), JSON.stringify(value)).toBe(false);
  });
});

function tree(): z.ZodType {
  const node: z.ZodType = z.object({ children: z.array(z.lazy(() => node)) });
  return node;
}
