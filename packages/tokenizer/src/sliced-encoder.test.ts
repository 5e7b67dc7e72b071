import { readFileSync } from 'node:fs';
import { AbortError, PromptError } from '@vlmkit/core';
import { describe, expect, it } from 'vitest';
import { createTokenizer } from './index.js';

const read = (path: string) => JSON.parse(readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8')) as Json;
type Json = Record<string, unknown>;

const tokenizerJson = read('packages/demo-model/checkpoint/tokenizer.json');
const tokenizer = createTokenizer({ tokenizerJson });
const golden = read('fixtures/tokenizer/golden.json') as unknown as {
  readonly texts: readonly { readonly text: string; readonly ids: number[]; readonly plain: number[] }[];
};

/** What texts are made of: everything that a pattern of words or a normaliser could tell apart. */
const ingredients = [
  ...[' ', '  ', '\t', '\n', '\r', '\r\n', '\n\n', '\v', '\f', '\u0085', '\u00a0', '\u2003', '\u2028', '\u3000'],
  ...['a', 'B', 'word', 'Straße', 'naïve', 'ſ', 'ﬁ', 'Ω', 'ж', '中文', '日本', 'ไทย', '한', '\u1112\u1161\u11ab'],
  ...['0', '42', '½', '٣', 'Ⅷ', '²'],
  ...["'s", "'LL", "'ſ", '’t', '.', ',', '--', '(', ')', '!?', '`', '<|', '|>', '<', '_', '€', '§'],
  ...[
    '🙂',
    '👩‍👩‍👧',
    '🇩🇪',
    '\u0301',
    'e\u0301',
    '\u0345',
    '\u200d',
    '\ufeff',
    '\ufffd',
    '\ufdd0',
    '\0',
    '\ud83d',
    '\ude42',
  ],
  ...['<|im_end|>', '<|im_start|>', '<|image_pad|>', '<|im_<|im_end|>', '<tool_call>', '<|box_start|>'],
];

/** Random numbers that are the same in every run (mulberry32). */
function randomOf(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

function randomText(seed: number): string {
  const random = randomOf(seed);
  let text = '';
  const parts = random(200);
  for (let i = 0; i < parts; i++) {
    // Runs, too: the longer, the rarer.
    const times = random(8) === 0 ? 1 + random(random(40) === 0 ? 3000 : 6) : 1;
    text += ingredients[random(ingredients.length)]!.repeat(times);
  }
  return text;
}

describe('encodeInSlices', () => {
  it('equals the reference', async () => {
    for (const { text, ids, plain } of golden.texts) {
      expect(await tokenizer.encodeInSlices(text), JSON.stringify(text)).toEqual(ids);
      expect(await tokenizer.encodeInSlices(text, { addedTokens: 'plain' }), JSON.stringify(text)).toEqual(plain);
    }
  });

  it('equals encode on random texts', async () => {
    for (let seed = 1; seed <= 120; seed++) {
      const text = randomText(seed);
      for (const addedTokens of ['parse', 'plain'] as const) {
        const ids = await tokenizer.encodeInSlices(text, { addedTokens });
        expect(ids, `seed ${seed}, ${addedTokens}`).toEqual(tokenizer.encode(text, { addedTokens }));
      }
    }
  });

  it.each([
    ['letters', 'lowerlyingtheanderer'],
    ['one letter', 'a'],
    ['dashes', '-'],
    ['spaces', ' '],
    ['line breaks', '\n'],
    ['Chinese without punctuation', '中文字符'],
    ['emoji', '🙂👍'],
    ['halves of characters', '\ud83d'],
  ])('equals encode on words without end: %s', async (_, unit) => {
    for (const text of [unit.repeat(5000 / unit.length), `a ${unit.repeat(1500)}.\n`]) {
      expect(await tokenizer.encodeInSlices(text)).toEqual(tokenizer.encode(text));
    }
  });

  it.each<readonly [string, object]>([
    ['no normaliser', { normalizer: null }],
    ['no pre-tokenizer', { pre_tokenizer: null }],
    ['a pre-tokenizer that is no sequence', { pre_tokenizer: { type: 'ByteLevel', use_regex: true } }],
    [
      'bytes after a space of their own',
      {
        pre_tokenizer: {
          type: 'Sequence',
          pretokenizers: [
            { type: 'Split', pattern: { Regex: '\\s+' }, behavior: 'Removed', invert: false },
            { type: 'ByteLevel', add_prefix_space: true, use_regex: false },
          ],
        },
      },
    ],
    ['tokens that take white space along', { added_tokens: [{ id: 1020, content: '<|im_end|>', lstrip: true }] }],
    ['no added tokens', { added_tokens: [] }],
    ['an added token that begins another', { added_tokens: [added(1020, '<|'), added(1021, '<|im_end|>')] }],
  ])('equals encode with %s', async (_, changes) => {
    const other = createTokenizer({ tokenizerJson: { ...tokenizerJson, ...changes } });
    for (let seed = 1000; seed < 1030; seed++) {
      const text = randomText(seed);
      expect(await other.encodeInSlices(text), `seed ${seed}`).toEqual(other.encode(text));
    }
  });

  it('lets timers run, however many texts are encoded at once', async () => {
    const text = 'The quick brown fox jumps over 13 lazy dogs.\n'.repeat(600);
    let ticks = 0;
    const timer = setInterval(() => ticks++, 1);
    const all = await Promise.all([1, 2, 3, 4, 5, 6].map(() => tokenizer.encodeInSlices(text)));
    clearInterval(timer);
    expect(ticks).toBeGreaterThan(2);
    const ids = tokenizer.encode(text);
    for (const each of all) expect(each).toEqual(ids);
  });

  it('stops at an abort', async () => {
    const controller = new AbortController();
    const encoding = tokenizer.encodeInSlices('some words '.repeat(100_000), { signal: controller.signal });
    const timer = setTimeout(() => controller.abort(), 1);
    await expect(encoding).rejects.toBeInstanceOf(AbortError);
    clearTimeout(timer);
    await expect(tokenizer.encodeInSlices('x', { signal: AbortSignal.abort() })).rejects.toBeInstanceOf(AbortError);
    expect(await tokenizer.encodeInSlices('x')).toEqual(tokenizer.encode('x'));
  });

  it('rejects what is not text', async () => {
    await expect(tokenizer.encodeInSlices(undefined as unknown as string)).rejects.toThrow(PromptError);
  });
});

function added(id: number, content: string): object {
  return { id, content, special: true, normalized: false };
}
