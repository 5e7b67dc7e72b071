import { beforeAll, describe, expect, it } from 'vitest';
import { type AllowedTexts, loadAllowedTexts } from '../testing/allowed-texts.js';
import { seededRandom } from '../testing/random-walk.js';
import { decimalOf } from './decimal.js';
import type { JsonSchema } from './json-schema.js';

let allowed: AllowedTexts;
beforeAll(async () => {
  allowed = await loadAllowedTexts();
});

const random = seededRandom(7);
const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!;

/** A number without an exponent, as a text. */
function textOf(value: number): string {
  const { whole, fraction } = decimalOf(value);
  return `${value < 0 ? '-' : ''}${whole}${fraction && '.'}${fraction}`;
}

/** The order of two decimal texts, whatever their length: below 0, 0 or above. */
function compare(one: string, other: string): number {
  const scale = Math.max(...[one, other].map((text) => text.split('.')[1]?.length ?? 0));
  const [a, b] = [one, other].map((text) => {
    const [whole = '', fraction = ''] = text.split('.');
    return BigInt(whole + fraction.padEnd(scale, '0'));
  }) as [bigint, bigint];
  return a < b ? -1 : Number(a > b);
}

/** Whether what a text is read as lies within a schema's limits. */
function isWithin(limits: JsonSchema, text: string): boolean {
  const value = Number(text);
  const { minimum = -Infinity, maximum = Infinity } = limits as Record<string, number>;
  const { exclusiveMinimum = -Infinity, exclusiveMaximum = Infinity } = limits as Record<string, number>;
  return value >= minimum && value <= maximum && value > exclusiveMinimum && value < exclusiveMaximum;
}

/** Limits of random kinds at two values. */
function limitsAt(one: number, other: number): JsonSchema {
  const [low, high] = [Math.min(one, other), Math.max(one, other)];
  const kinds = pick(['low', 'high', 'both', 'both', 'both']);
  return {
    ...(kinds !== 'high' && { [pick(['minimum', 'exclusiveMinimum'])]: low }),
    ...(kinds !== 'low' && { [pick(['maximum', 'exclusiveMaximum'])]: high }),
  };
}

/** Texts at and about a number: its digits cut, continued and changed. */
function textsAbout(value: number): readonly string[] {
  const text = textOf(value);
  const at = Math.floor(random() * text.length);
  const changed = text.slice(0, at) + pick([...'0123456789']) + text.slice(at + 1);
  const dotted = text.includes('.') ? text : `${text}.`;
  const tails = ['0', '00', '1', '9', `${'0'.repeat(25)}1`, '9'.repeat(25), pick([...'2345678'])];
  const more = [text, changed, `${changed}${pick([...'09'])}`, text.slice(0, at), `${text}${pick([...'059'])}`];
  const all = [...more, ...tails.map((tail) => dotted + tail), ...tails.map((tail) => dotted.slice(0, -1) + tail)];
  return [...new Set(all.flatMap((one) => [one, one.startsWith('-') ? one.slice(1) : `-${one}`]))];
}

const written = /^-?(0|[1-9][0-9]*)(\.[0-9]+)?$/;
const someNumbers = [0, 1, -1, 0.5, -0.5, 1e-7, -1e-7, 1e21, -1e21, 10, 100, 99, 0.1 + 0.2, 12.25, 1.25e22, 255, 3.999];

function someNumber(): number {
  const scale = 10 ** Math.floor(random() * 5);
  const value = pick([1, -1]) * Number((random() * scale).toFixed(Math.floor(random() * 4)));
  return pick([value, value, pick(someNumbers)]);
}

describe('limits of numbers', () => {
  it('allow what lies between them, and nothing else', async () => {
    for (let i = 0; i < 150; i++) {
      const [one, other] = [someNumber(), random() < 0.1 ? someNumber() / 1000 : someNumber()];
      if (one === other) continue;
      const limits = limitsAt(one, other);
      const texts = [one, other, someNumber(), (one + other) / 2, 0].flatMap(textsAbout);
      const found = new Set(await allowed({ type: 'number', ...limits }, texts));
      for (const text of texts)
        expect(found.has(text), `${text} for ${JSON.stringify(limits)}`).toBe(truth(limits, text));
    }
  });

  /** Open limits are read as the last number of 64 bits before them; minus zero stands only beside numbers below it. */
  function truth(limits: JsonSchema, text: string): boolean {
    if (!written.test(text) || !isWithin(limits, text)) return false;
    const { minimum, maximum, exclusiveMinimum, exclusiveMaximum } = limits as Record<string, number>;
    if (minimum !== undefined && compare(text, textOf(minimum)) < 0) return false;
    if (maximum !== undefined && compare(text, textOf(maximum)) > 0) return false;
    // Beyond the last number before an open limit, texts are cut off even where they are still read as that number.
    const value = Number(text);
    if (exclusiveMinimum !== undefined && isLast(exclusiveMinimum, value) && compare(text, textOf(value)) < 0)
      return false;
    if (exclusiveMaximum !== undefined && isLast(exclusiveMaximum, value) && compare(text, textOf(value)) > 0)
      return false;
    return !(text.startsWith('-') && value === 0) || (minimum ?? exclusiveMinimum ?? -1) < 0;
  }

  /** Whether no number of 64 bits lies between two: their mean is one of them. */
  function isLast(limit: number, value: number): boolean {
    const mean = value / 2 + limit / 2;
    return mean === limit || mean === value;
  }

  it.each<[JsonSchema, readonly string[], readonly string[]]>([
    [
      { minimum: 0, maximum: 1 },
      ['0', '0.0', '0.37', '1', '1.000'],
      ['-0', '-0.1', '1.0001', '00', '01', '.5', '0.', '1e-1', '+1', '2', '10', ''],
    ],
    [{ exclusiveMinimum: 0 }, ['0.001', '7', '10.5', '123456789012345678901234567890'], ['0', '0.0', '-1']],
    [{ exclusiveMaximum: 1 }, ['0.9999999999999999', '0', '-0', '-55.5'], ['1', '1.0', `0.${'9'.repeat(17)}`]],
    [{ minimum: -0.5, maximum: -0.25 }, ['-0.5', '-0.25', '-0.300'], ['-0.2', '-0.51', '0', '0.3', '-1']],
    [{ minimum: 1e-7, maximum: 2e-7 }, ['0.0000001', '0.00000015'], ['0', '0.00000009', '0.00000021', '1e-7']],
    [{ minimum: 1e21 }, [`1${'0'.repeat(21)}`, `2${'0'.repeat(21)}.5`], ['9'.repeat(21), '1e21']],
    [{ exclusiveMinimum: Number.MIN_VALUE }, ['0.1', `0.${'0'.repeat(322)}1`], [`0.${'0'.repeat(323)}5`, '0']],
    [{ minimum: 2.5, maximum: 2.5 }, ['2.5', '2.50'], ['2', '2.51', '2.49', '-2.5']],
    [
      { maximum: Number.MAX_VALUE },
      ['1', '9'.repeat(308), '-5', `17976931348623157${'0'.repeat(292)}`],
      ['9'.repeat(309)],
    ],
    [{ minimum: 3, exclusiveMinimum: 5, maximum: 9, exclusiveMaximum: 9 }, ['5.1', '8.9'], ['5', '4', '9']],
  ])('of %j allow and refuse', async (limits, fits, others) => {
    expect(await allowed({ type: 'number', ...limits }, [...fits, ...others])).toEqual(fits);
  });
});

describe('limits of integers', () => {
  it('allow what lies between them, and nothing else', async () => {
    for (let i = 0; i < 150; i++) {
      const whole = () => Math.trunc(random() * 10 ** Math.floor(random() * 16)) * pick([1, -1]);
      const [one, other] = [whole() + pick([0, 0, 0.5]), pick([whole(), someNumber()])];
      if (Math.ceil(Math.min(one, other)) + 2 > Math.max(one, other)) continue;
      const limits = limitsAt(one, other);
      const near = [one, other].flatMap((limit) => [-11, -1, 0, 1, 10].map((step) => Math.trunc(limit) + step));
      const texts = [...near, whole(), whole(), 0, Math.trunc((one + other) / 2)]
        .filter(Number.isSafeInteger)
        .map(textOf);
      const found = new Set(await allowed({ type: 'integer', ...limits }, texts));
      for (const text of texts)
        expect(found.has(text), `${text} for ${JSON.stringify(limits)}`).toBe(isWithin(limits, text));
    }
  });
});
