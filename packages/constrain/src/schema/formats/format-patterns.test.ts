import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ConstraintCompiler } from '../../constraint-state.js';
import { type AllowedTexts, loadAllowedTexts } from '../../testing/allowed-texts.js';
import { formatValues } from '../../testing/format-values.js';
import { randomWalk, seededRandom, smallTokenizer } from '../../testing/random-walk.js';
import { smallCompiler } from '../../testing/small-compiler.js';
import { formatPatterns } from './format-patterns.js';

let allowed: AllowedTexts;
let compiler: ConstraintCompiler;
beforeAll(async () => {
  [allowed, compiler] = await Promise.all([loadAllowedTexts(), smallCompiler()]);
});
afterAll(() => compiler.dispose());

const formats = Object.entries(formatValues);
const random = seededRandom(3);
const pick = <T>(list: ArrayLike<T>): T => list[Math.floor(random() * list.length)]!;

/** A text with a character put in, taken out or changed. */
function changed(text: string, alphabet: string): string {
  const at = Math.floor(random() * (text.length + 1));
  return text.slice(0, at) + pick(['', pick(alphabet)]) + text.slice(at + pick([0, 1, 1]));
}

function wholePattern(format: string): RegExp {
  return new RegExp(`^(?:${formatPatterns.get(format)})$`, 'u');
}

/** The string that JSON has between quotes, if it is any. */
function stringOf(json: string): unknown {
  try {
    return JSON.parse(`"${json}"`);
  } catch {
    return undefined;
  }
}

describe('formats', () => {
  it('have values to try', () => {
    expect(formats.map(([name]) => name).sort()).toEqual([...formatPatterns.keys()].sort());
  });

  it.each(formats)('allow and refuse values of %s', async (format, { valid, invalid }) => {
    const quoted = (values: readonly string[]) => values.map((value) => JSON.stringify(value));
    const schema = { type: 'string', format };
    expect(await allowed(schema, quoted(valid))).toEqual(quoted(valid));
    expect(await allowed(schema, quoted(invalid))).toEqual([]);
    // As they are, where JSON would have escapes.
    expect(
      await allowed(
        schema,
        [...'"\\\n\u0000'].map((raw) => `"${valid.at(-1)}${raw}"`),
      ),
    ).toEqual([]);
  });

  it.each(formats)('are kept to in every random answer: %s', async (format) => {
    const tokenizer = smallTokenizer();
    const texts: string[] = [];
    for (let seed = 0; seed < 12; seed++) {
      const state = await compiler.compile({
        type: 'array',
        items: { type: 'string', format },
        minItems: 1,
        maxItems: 3,
      });
      const answer = await randomWalk(state, { tokenizer, seed, maxSteps: 250 });
      state.dispose();
      if (answer.finished) texts.push(...JSON.parse(answer.text));
    }
    for (const text of texts) expect(text).toMatch(wholePattern(format));
    expect(texts.length).toBeGreaterThan(2);
  });

  it.each(formats)('allow nothing but JSON near values of %s', async (format, { valid, invalid }) => {
    const pattern = wholePattern(format);
    const alphabet = `${[...valid, ...invalid].join('')}"\\\n\t/u0é🐈 :.-@~{}[]%`;
    const texts = Array.from({ length: 600 }, () => {
      const once = changed(pick(valid), alphabet);
      return random() < 0.5 ? once : changed(once, alphabet);
    }).filter((text) => !/\p{Surrogate}/u.test(text));
    const found = new Set(
      await allowed(
        { type: 'string', format },
        texts.map((text) => `"${text}"`),
      ),
    );
    for (const text of texts) {
      const value = stringOf(text);
      const isOne = found.has(`"${text}"`);
      if (isOne) expect(value, text).toMatch(pattern);
      else if (value === text) expect(value, text).not.toMatch(pattern);
    }
    expect(found.size).toBeGreaterThan(20);
  });
});
