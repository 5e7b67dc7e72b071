import { PromptError } from '@vlmkit/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ConstraintCompiler } from './constraint-state.js';
import { type GroundingConstraint, groundingGrammar } from './grounding-grammar.js';
import { finishedTexts, smallTokenizer, stopIds } from './testing/random-walk.js';
import { smallCompiler } from './testing/small-compiler.js';

const tokenizer = smallTokenizer();
let compiler: ConstraintCompiler;

beforeAll(async () => {
  compiler = await smallCompiler();
});

afterAll(() => compiler.dispose());

const fence = /^```json\n(.*)\n```$/s;

const walks = (constraint: GroundingConstraint | 'boxes', count: number) =>
  finishedTexts(compiler, { tokenizer, constraint, count });

describe('boxes', () => {
  it('always parse as Qwen2.5-VL’s list of boxes, fenced or not', async () => {
    const texts = await walks('boxes', 60);
    expect(texts.length).toBeGreaterThan(50);
    expect(texts.some((text) => fence.test(text))).toBe(true);
    expect(texts.some((text) => text.startsWith('['))).toBe(true);
    let boxes = 0;
    for (const text of texts) {
      const list: unknown = JSON.parse(fence.exec(text)?.[1] ?? text);
      if (!Array.isArray(list)) throw new Error(`No list: ${text}`);
      for (const item of list) {
        expect(Object.keys(item)).toEqual(['bbox_2d', 'label']);
        expect(item.bbox_2d).toHaveLength(4);
        for (const side of item.bbox_2d) expect(Number.isInteger(side) && side >= 0 && side < 100_000).toBe(true);
        expect(typeof item.label).toBe('string');
        expect(item.label).not.toBe('');
        boxes++;
      }
    }
    expect(boxes).toBeGreaterThan(30);
  });

  it('keep to labels and counts', async () => {
    const labels = ['cat', 'a "big" \\ dog', 'café'];
    const texts = await walks({ type: 'points', labels, minItems: 2, maxItems: 3, fence: 'forbid' }, 25);
    expect(texts.length).toBeGreaterThan(20);
    const lists = texts.map((text) => JSON.parse(text) as { point_2d: number[]; label: string }[]);
    expect(new Set(lists.map((list) => list.length))).toEqual(new Set([2, 3]));
    for (const { point_2d, label } of lists.flat()) {
      expect(point_2d).toHaveLength(2);
      expect(labels).toContain(label);
    }
    expect(new Set(lists.flat().map(({ label }) => label)).size).toBe(3);
  });

  it('bound the length of labels, in characters', async () => {
    const accepts = async (answer: string) => {
      const state = await compiler.compile({ type: 'boxes', maxLabelLength: 3, maxItems: 1 });
      for (const id of tokenizer.encode(answer)) if (!(await state.accept(id))) return false;
      return state.accept(stopIds[0]!);
    };
    const answer = (label: string) => `[{"bbox_2d": [1, 2, 3, 4], "label": "${label}"}]`;
    for (const label of ['a', 'abc', 'ü🐈\\n']) expect(await accepts(answer(label)), label).toBe(true);
    for (const label of ['', 'abcd', 'ü🐈\\nx']) expect(await accepts(answer(label)), label).toBe(false);
    expect(await accepts(`[${answer('a').slice(1, -1)}, ${answer('b').slice(1)}`)).toBe(false);
  });

  it('take what the model writes', async () => {
    const answers = [
      '[]',
      '```json\n[\n\t{"bbox_2d": [341, 258, 397, 360], "label": "dirt stain"},\n\t{"bbox_2d": [0, 0, 9, 10], "label": "\\"x\\" ü 🐈"}\n]\n```',
      '[{"bbox_2d":[1,2,3,4],"label":"a"}, {"bbox_2d":[1,2,3,4],"label":"b"}]',
    ];
    for (const answer of answers) {
      const state = await compiler.compile('boxes');
      for (const id of [...tokenizer.encode(answer), stopIds[0]!]) expect(await state.accept(id), answer).toBe(true);
      expect(state.finished).toBe(true);
      state.dispose();
    }
  });
});

describe('groundingGrammar', () => {
  it.each<GroundingConstraint>([
    { type: 'boxes', minItems: 3, maxItems: 2 },
    { type: 'boxes', minItems: -1 },
    { type: 'boxes', maxItems: 0 },
    { type: 'points', labels: [] },
    { type: 'points', maxLabelLength: 0 },
    { type: 'points', maxLabelLength: 1.5 },
  ])('rejects %o', (constraint) => {
    expect(() => groundingGrammar(constraint)).toThrow(PromptError);
  });
});
