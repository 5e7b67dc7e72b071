import { PromptError, RuntimeError } from '@vlmkit/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { createCompiler } from './compiler.js';
import type { Constraint } from './constraint.js';
import type { ConstraintCompiler, ConstraintState } from './constraint-state.js';
import { loadNodeGrammarEngine } from './node/load-engine.js';
import { isAnswer } from './testing/answers.js';
import { allowedIds, finishedTexts, paddedSize, smallTokenizer, stopIds } from './testing/random-walk.js';
import { smallCompiler } from './testing/small-compiler.js';
import { packVocabulary } from './vocabulary.js';

const tokenizer = smallTokenizer();
const tokens = [packVocabulary(tokenizer)];
let compiler: ConstraintCompiler;

beforeAll(async () => {
  compiler = await smallCompiler();
});

afterAll(() => compiler.dispose());

const walks = (constraint: Constraint, count: number) => finishedTexts(compiler, { tokenizer, constraint, count });

/** Accepts a text token by token; false at the first that is refused. */
async function acceptText(state: ConstraintState, text: string): Promise<boolean> {
  for (const id of tokenizer.encode(text)) if (!(await state.accept(id))) return false;
  return true;
}

const receipt = z.object({
  shop: z.string(),
  paid: z.boolean(),
  currency: z.enum(['EUR', 'USD']),
  lines: z.array(z.object({ name: z.string(), count: z.int().min(0).max(99) })).max(3),
  note: z.string().nullable(),
});

describe('JSON schemas', () => {
  it('constrain every finished answer, from zod and plain', async () => {
    const plain = z.toJSONSchema(receipt) as Record<string, unknown>;
    for (const constraint of [receipt, plain, { type: 'json' as const, schema: receipt, maxWhitespace: 0 }]) {
      const texts = await walks(constraint, 20);
      expect(texts.length).toBeGreaterThan(14);
      for (const text of texts) receipt.parse(JSON.parse(text));
      expect(new Set(texts).size).toBe(texts.length);
    }
  });

  it('write compact JSON without white space', async () => {
    for (const text of await walks({ type: 'json', schema: receipt, maxWhitespace: 0 }, 10)) {
      expect(JSON.stringify(JSON.parse(text)).length).toBeLessThanOrEqual(text.length);
      expect(text.replace(/"(\\.|[^"\\])*"/g, '""')).not.toMatch(/\s/);
    }
  });

  it('bound white space', async () => {
    const schema = { type: 'array', items: { type: 'integer' } };
    const fits = await compiler.compile({ type: 'json', schema, maxWhitespace: 3 });
    expect(await acceptText(fits, '[   1')).toBe(true);
    const tooLong = await compiler.compile({ type: 'json', schema, maxWhitespace: 3 });
    expect(await acceptText(tooLong, '[    1')).toBe(false);
  });

  it('may be true, which any JSON is of', async () => {
    const texts = await walks({ type: 'json', schema: true }, 10);
    expect(texts.length).toBeGreaterThan(3);
    for (const text of texts) JSON.parse(text);
  });

  it('may be any object', async () => {
    const texts = await walks('json', 10);
    expect(texts.length).toBeGreaterThan(3);
    for (const text of texts) expect(JSON.parse(text)).toBeTypeOf('object');
  });
});

describe('regular expressions', () => {
  it.each([/[0-9]{3}-[a-c]+(x|yz)?/, /(ja|nein|vielleicht)/, /[^a-z]{2}ü?/u])(
    'constrain the whole answer: %s',
    async (pattern) => {
      const texts = await walks(pattern, 20);
      expect(texts.length).toBeGreaterThan(10);
      for (const text of texts) expect(text).toMatch(new RegExp(`^(?:${pattern.source})$`, 'u'));
    },
  );

  it('take a class of all characters for any', async () => {
    for (const constraint of [/[\s\S]{3}/, /[\D\d]{3}/]) {
      const fits = (text: string) => isAnswer(compiler, { tokenizer, constraint, text });
      expect(await Promise.all(['a\n🐈', '"\r\u2028', 'ab', 'abcd'].map(fits))).toEqual([true, true, false, false]);
    }
  });

  it('may be strings', async () => {
    expect(await walks({ type: 'regex', pattern: 'a{4}' }, 2)).toEqual(['aaaa', 'aaaa']);
  });
});

describe('masks', () => {
  it('allow stop ids only where the answer may end, and nothing after them', async () => {
    const state = await compiler.compile(/ab?/);
    expect(allowedIds(await state.mask()).filter((id) => stopIds.includes(id))).toEqual([]);
    expect(await acceptText(state, 'a')).toBe(true);
    const b = tokenizer.encode('b')[0]!;
    expect(allowedIds(await state.mask()).sort((x, y) => x - y)).toEqual([b, ...stopIds].sort((x, y) => x - y));
    expect(state.finished).toBe(false);
    expect(await state.accept(stopIds[1]!)).toBe(true);
    expect(state.finished).toBe(true);
    await expect(state.mask()).rejects.toThrow(RuntimeError);
    await expect(state.accept(b)).rejects.toThrow(RuntimeError);
  });

  it('never allow special tokens or padding, even where any text may stand', async () => {
    const state = await compiler.compile({ type: 'regex', pattern: '(.|\\r|\\n)*' });
    const mask = await state.mask();
    expect(mask).toHaveLength(Math.ceil(paddedSize / 32));
    const allowed = allowedIds(mask);
    expect(allowed.length).toBeGreaterThan(900);
    expect(allowed.filter((id) => tokenizer.specialIds.has(id) || id >= 1024).sort()).toEqual([...stopIds].sort());
  });

  it('keep characters whole that span tokens', async () => {
    const state = await compiler.compile({ type: 'regex', pattern: '(é|🐈)+' });
    const ids = tokenizer.encode('🐈é');
    expect(ids.length).toBeGreaterThan(2);
    expect(await state.accept(ids[0]!)).toBe(true);
    expect(allowedIds(await state.mask())).toEqual([ids[1]]);
    for (const pattern of ['.{2}', '[^a]{2}', '\\S\\W']) {
      const two = await compiler.compile({ type: 'regex', pattern });
      expect(await two.accept(ids[0]!)).toBe(true);
      expect(allowedIds(await two.mask()).every((id) => tokenizer.tokenBytes(id)[0]! >> 6 === 0b10)).toBe(true);
      for (const id of ids.slice(1)) expect(await two.accept(id), pattern).toBe(true);
      expect(allowedIds(await two.mask()).sort()).toEqual([...stopIds].sort());
    }
  });

  it('belong to the caller', async () => {
    const state = await compiler.compile(/ab/);
    const first = await state.mask();
    const copy = first.slice();
    await acceptText(state, 'a');
    await state.mask();
    expect(first).toEqual(copy);
  });
});

describe('states', () => {
  it('refuse what is not allowed, and stay as they were', async () => {
    const state = await compiler.compile(/abc/);
    const before = await state.mask();
    for (const id of [tokenizer.encode('x')[0]!, stopIds[0]!, -1, 5.5, paddedSize - 1, paddedSize, 1e9]) {
      expect(await state.accept(id)).toBe(false);
    }
    expect(await state.mask()).toEqual(before);
    expect(await acceptText(state, 'abc')).toBe(true);
  });

  it('take tokens back', async () => {
    const state = await compiler.compile(/a(b|c)d/);
    const start = await state.mask();
    const [a, b, c, d] = ['a', 'b', 'c', 'd'].map((text) => tokenizer.encode(text)[0]!) as [
      number,
      number,
      number,
      number,
    ];
    for (const id of [a, b, d, stopIds[0]!]) expect(await state.accept(id)).toBe(true);
    await state.rollback(3);
    expect(state.finished).toBe(false);
    for (const id of [c, d]) expect(await state.accept(id)).toBe(true);
    await expect(state.rollback(4)).rejects.toThrow(RuntimeError);
    await state.rollback(3);
    expect(await state.mask()).toEqual(start);
  });

  it('are independent, and outlive a constraint that does not compile', async () => {
    const one = await compiler.compile(/a[0-9]/);
    const two = await compiler.compile(/a[0-9]/);
    await acceptText(one, 'a');
    await expect(compiler.compile({ type: 'objekt' })).rejects.toThrow(/Unsupported type "objekt"/);
    expect(await acceptText(one, '7')).toBe(true);
    expect(await acceptText(two, 'a7')).toBe(true);
  });

  it('are unusable once disposed of', async () => {
    const state = await compiler.compile(/a/);
    state.dispose();
    state.dispose();
    expect(state.finished).toBe(false);
    await expect(state.mask()).rejects.toThrow(RuntimeError);
    await expect(state.rollback(0)).rejects.toThrow(RuntimeError);
  });

  it('outlive the grammars that the compiler drops', async () => {
    const first = await compiler.compile(/first/);
    for (let i = 0; i < 20; i++) (await compiler.compile({ type: 'regex', pattern: `n${i}` })).dispose();
    expect(await acceptText(first, 'first')).toBe(true);
    expect(await acceptText(await compiler.compile(/first/), 'first')).toBe(true);
  });
});

describe('errors', () => {
  it.each<[Constraint, RegExp]>([
    [{ type: 'grammar', ebnf: 'root ::= nothing' }, /"nothing" is not defined/],
    [{ type: 'regex', pattern: '(a' }, /cannot be compiled/],
    [/a(?=b)/, /Lookahead is not supported/],
    [/a/i, /flags/],
    [/[äö]/, /\[äö\]/],
    [{ type: 'string', pattern: '[ä]' }, /ASCII/],
    ['box' as 'boxes', /'box'/],
    [7 as unknown as 'boxes', /no known form/],
    ...[[], 'x', false, null].map((schema): [Constraint, RegExp] => [
      { type: 'json', schema: schema as unknown as Record<string, unknown> },
      /must be an object.*Found/s,
    ]),
    [{ type: 'json', schema: {}, maxWhitespace: -1 }, /maxWhitespace/],
    [{ $ref: '#/$defs/missing' }, /missing/],
    [{ type: 'boxes', label: ['a'] } as Constraint, /boxes.*fence.*Found label/s],
    [{ type: 'json', schema: {}, whitespace: 1 } as Constraint, /json.*maxWhitespace.*Found whitespace/s],
    [{ type: 'regex', pattern: 'a', flags: 'i' } as Constraint, /flags/],
    [{ type: 'points', fence: 'never' } as unknown as Constraint, /fence.*never/s],
    [{ type: 'regex', pattern: '' }, /pattern.*is empty/],
    [{ type: 'regex', pattern: /a/ } as unknown as Constraint, /pattern.*no text/],
    [/(?:)/, /is empty/],
    [/^$/, /is empty/],
    [{ type: 'string', pattern: 'red)|(blue' }, /cannot be compiled.*Unmatched/s],
    [{ type: 'string', pattern: '\\bfoo' }, /Found Regular expressions: Word boundary is not supported/],
    [{ type: 'grammar', ebnf: '' }, /ebnf.*is empty/],
    [{ type: 'object', properties: { a: { const: 1n } } }, /must be JSON.*BigInt/s],
    [cyclic(), /must be JSON.*\$ref/s],
  ])('tell what is wrong with %o', async (constraint, message) => {
    const compiled = compiler.compile(constraint);
    await expect(compiled).rejects.toThrow(PromptError);
    await expect(compiled).rejects.toThrow(message);
  });

  it.each([
    z.object({ a: z.string().transform(Number) }),
    z.object({ a: z.date() }),
    z.set(z.string()),
    z.bigint(),
    z.map(z.string(), z.string()),
  ])('tell which schemas JSON cannot hold, case %#', async (schema) => {
    const error = await compiler.compile({ type: 'json', schema }).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(PromptError);
    expect((error as PromptError).remedy).toMatch(/convert it afterwards/);
    expect((error as PromptError).message).toMatch(/represented in JSON Schema/);
    expect((error as PromptError).cause).toBeInstanceOf(Error);
  });

  it.each([[[]], [[paddedSize]], [[-1]], [[0.5]]])('reject stop ids %o', async (ids) => {
    const options = { loadEngine: loadNodeGrammarEngine, tokens, vocabularySize: paddedSize, stopIds: ids };
    await expect(createCompiler(options)).rejects.toThrow(PromptError);
  });
});

function cyclic(): Record<string, unknown> {
  const schema: Record<string, unknown> = { type: 'object' };
  schema.properties = { child: schema };
  return schema;
}
