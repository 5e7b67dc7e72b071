import { ConfigError } from '@vlmkit/core';
import { describe, expect, it } from 'vitest';
import { coordinateSpace, type GroundingFamily, isGroundingFamily, parseGrounding } from './index.js';

/** Items without their offsets. */
function parse(text: string, family: GroundingFamily = 'qwen2_5_vl') {
  return parseGrounding(text, family).map(({ offset: _, ...item }) => item);
}

const cat = { kind: 'box', box: [1, 2, 30, 40], label: 'cat' };
const dog = { kind: 'box', box: [5, 6.5, 70, 80], label: 'dog' };

describe('Qwen2.5-VL', () => {
  const list = '[\n\t{"bbox_2d": [1, 2, 30, 40], "label": "cat"},\n\t{"bbox_2d": [5, 6.5, 70, 80], "label": "dog"}\n]';

  it.each([
    ['a bare list', list],
    ['a fence', `\`\`\`json\n${list}\n\`\`\``],
    ['prose around a fence', `Here {as asked} they are:\n\`\`\`json\n${list}\n\`\`\`\nTwo animals.`],
    ['a fence that never closes', `\`\`\`json\n${list.slice(0, -2)}`],
    ['an object around the list', `{"objects": ${list}, "count": 2}`],
    ['objects without a list', '{"bbox_2d": [1,2,30,40], "label": "cat"}\n{"bbox_2d": [5,6.5,70,80], "label": "dog"}'],
    [
      'single quotes and trailing commas',
      "[{'bbox_2d': [1, 2, 30, 40], 'label': 'cat',}, {'bbox_2d': [5, 6.5, 70, 80,], 'label': 'dog'},]",
    ],
    ['bare keys', '[{bbox_2d: [1, 2, 30, 40], label: cat}, {bbox_2d: [5, 6.5, 70, 80], label: dog}]'],
    [
      'numbers in quotes',
      '[{"bbox_2d": ["1","2","30","40"], "label": "cat"}, {"bbox_2d": [5, "6.5", 70, 80], "label": "dog"}]',
    ],
    [
      'corners as pairs',
      '[{"bbox_2d": [[1,2],[30,40]], "label": "cat"}, {"bbox_2d": [[5,6.5],[70,80]], "label": "dog"}]',
    ],
  ])('reads %s', (_, text) => {
    expect(parse(text)).toEqual([cat, dog]);
  });

  it('takes a time in proportion to the length of a tag', () => {
    const start = performance.now();
    expect(parse(`<points ${'a'.repeat(50_000)}></points>`)).toEqual([]);
    expect(performance.now() - start).toBeLessThan(1000);
  });

  it('gives the whole items of an answer that was cut off anywhere', () => {
    const ends = [list.indexOf('}') + 1, list.lastIndexOf('}') + 1];
    for (let length = 0; length <= list.length; length++) {
      const whole = ends.filter((end) => end <= length).length;
      expect(parse(list.slice(0, length))).toEqual([cat, dog].slice(0, whole));
      expect(parse(`{"objects": ${list.slice(0, length)}`)).toEqual([cat, dog].slice(0, whole));
    }
  });

  it.each([
    ['quotes inside', '{"bbox_2d": [1, 2, 30, 40], "label": "the "red" one"}', 'the "red" one'],
    ['one stray quote', '{"bbox_2d": [1, 2, 30, 40], "label": "5" screen"}', '5" screen'],
    ['braces', '{"bbox_2d": [1, 2, 30, 40], "label": "a {b} }"}', 'a {b} }'],
    ['escapes', '{"bbox_2d": [1, 2, 30, 40], "label": "\\u732b \\"x\\" \\n"}', '猫 "x" \n'],
    ['text_content instead', '{"bbox_2d": [1, 2, 30, 40], "text_content": "EXIT"}', 'EXIT'],
    ['a number', '{"bbox_2d": [1, 2, 30, 40], "label": 7}', '7'],
    ['no label', '{"bbox_2d": [1, 2, 30, 40]}', ''],
  ])('reads labels with %s', (_, text, label) => {
    expect(parse(`[${text}, {"bbox_2d": [5, 6.5, 70, 80], "label": "dog"}]`)).toEqual([{ ...cat, label }, dog]);
  });

  it('reads points, and one object in several places', () => {
    expect(
      parse('[{"point_2d": [12, 34], "label": "eye"}, {"point_2d": [[1, 2], [3, 4]], "label": "wheels"}]'),
    ).toEqual([
      { kind: 'point', point: [12, 34], label: 'eye' },
      { kind: 'point', point: [1, 2], label: 'wheels' },
      { kind: 'point', point: [3, 4], label: 'wheels' },
    ]);
    expect(parse('{"bbox_2d": [[1, 2, 30, 40], [5, 6.5, 70, 80]], "label": "cat"}')).toEqual([
      cat,
      { ...dog, label: 'cat' },
    ]);
    expect(parse('{"bbox_2d": [1, 2, 30, 40], "point_2d": [9, 9], "label": "cat"}')).toEqual([
      cat,
      { kind: 'point', point: [9, 9], label: 'cat' },
    ]);
  });

  it('reads points written as XML, in their place among other items', () => {
    const text =
      '<points x1="10" y1="20" x2="30.5" y2="40" alt="ducks">two ducks</points> {"point_2d": [1, 2], "label": "b"} <point x="5" y=\'6\' alt="c"></point>';
    expect(parse(text)).toEqual([
      { kind: 'point', point: [10, 20], label: 'two ducks' },
      { kind: 'point', point: [30.5, 40], label: 'two ducks' },
      { kind: 'point', point: [1, 2], label: 'b' },
      { kind: 'point', point: [5, 6], label: 'c' },
    ]);
    expect(parse('<points x1="10" y1="20" x2="30" alt="a">a</points>')).toHaveLength(1);
    expect(parse('<points x1="10" y1="2')).toEqual([]);
  });

  it.each([
    ['prose', 'There is no cat in this picture.'],
    ['three numbers', '{"bbox_2d": [1, 2, 3], "label": "cat"}'],
    ['words for numbers', '{"bbox_2d": [1, "two", 3, 4], "label": "cat"}'],
    ['null', '{"bbox_2d": null, "label": "cat"}'],
    ['other JSON', '{"box": [1, 2, 3, 4]} [1, 2, 3, 4] {} {"a": {"b": []}}'],
    ['nothing', ''],
    ['braces alone', '}}}{{{'],
  ])('finds nothing in %s', (_, text) => {
    expect(parse(text)).toEqual([]);
  });

  it('reads objects nested however deep', () => {
    const depth = 50_000;
    const text = `${'{"a": '.repeat(depth)}[{"bbox_2d": [1, 2, 30, 40], "label": "cat"}]${'}'.repeat(depth)}`;
    expect(parse(text)).toEqual([cat]);
  });

  it('takes no longer for a mistake inside of many objects', () => {
    const depth = 20_000;
    const inside = (text: string) => `${'{"a": '.repeat(depth)}${text}${'}'.repeat(depth)}`;
    const whole = '{"bbox_2d": [1, 2, 30, 40], "label": "cat"}';
    const start = performance.now();
    expect(parse(inside(`[${whole}, oops]`))).toEqual([cat]);
    expect(parse(inside("{'bbox_2d': [1, 2, 30, 40], 'label': 'cat',}"))).toEqual([cat]);
    expect(parse(inside(`oops {"b": [${whole}]}`))).toEqual([cat]);
    expect(parse('{'.repeat(10 * depth) + whole)).toEqual([cat]);
    // Parsing each object anew, and those inside of it, took half a minute.
    expect(performance.now() - start).toBeLessThan(5_000);
  });

  it('says where each item begins', () => {
    const text = 'First: {"point_2d": [1, 2]} then {"point_2d": [3, 4]}';
    expect(parseGrounding(text, 'qwen2_5_vl').map(({ offset }) => text.slice(offset, offset + 11))).toEqual([
      '{"point_2d"',
      '{"point_2d"',
    ]);
  });
});

describe.each([
  {
    family: 'qwen2_vl',
    label: ['<|object_ref_start|>', '<|object_ref_end|>'],
    box: ['<|box_start|>', '<|box_end|>'],
    quad: ['<|quad_start|>', '<|quad_end|>'],
    end: '<|im_end|>',
  },
  {
    family: 'qwen',
    label: ['<ref>', '</ref>'],
    box: ['<box>', '</box>'],
    quad: ['<quad>', '</quad>'],
    end: '<|im_end|>',
  },
] as const)('$family', ({ family, label, box, quad, end }) => {
  const named = (text: string) => label[0] + text + label[1];
  const boxed = (text: string) => box[0] + text + box[1];

  it('reads labelled boxes, several for one label', () => {
    const text = `${named('the cat')}${boxed('(10,20),(300,400)')}, ${boxed('( 1.5, 2 ), (3,4)')} and ${named('a dog')} ${boxed('(5,6),(7,8)')}${end}`;
    expect(parse(text, family)).toEqual([
      { kind: 'box', box: [10, 20, 300, 400], label: 'the cat' },
      { kind: 'box', box: [1.5, 2, 3, 4], label: 'the cat' },
      { kind: 'box', box: [5, 6, 7, 8], label: 'a dog' },
    ]);
  });

  it('reads points and quadrilaterals', () => {
    const text = `${named('nose')}${boxed('(10,20)')} ${named('sign')}${quad[0]}(10,20),(50,10),(60,40),(5,45)${quad[1]}`;
    expect(parse(text, family)).toEqual([
      { kind: 'point', point: [10, 20], label: 'nose' },
      {
        kind: 'box',
        box: [5, 10, 60, 45],
        corners: [
          [10, 20],
          [50, 10],
          [60, 40],
          [5, 45],
        ],
        label: 'sign',
      },
    ]);
  });

  it('does not carry a label over prose', () => {
    const text = `${named('cat')} is left of ${boxed('(1,2),(3,4)')}`;
    expect(parse(text, family)).toEqual([{ kind: 'box', box: [1, 2, 3, 4], label: '' }]);
  });

  it('gives the whole items of a broken or cut-off answer', () => {
    const whole = `${named('a')}${boxed('(1,2),(3,4)')}`;
    const item = { kind: 'box', box: [1, 2, 3, 4], label: 'a' };
    const more = `${named('b')}${boxed('(5,6),(7,8)')}`;
    for (let length = 0; length < more.length; length++) {
      expect(parse(whole + more.slice(0, length), family)).toEqual([item]);
    }
    expect(parse(`${box[0]}(5,6),(7, ${whole}`, family)).toEqual([item]);
    expect(parse(`${boxed(`(5,6)${label[1]}`)}${box[1]}${whole}`, family)).toEqual([item]);
    expect(parse(`${boxed('(5,6),(7,x)')}${boxed('(1,2),(3,4),(5,6)')}${boxed('')}`, family)).toEqual([]);
  });

  it('takes no longer for tags that never close', () => {
    const whole = `${named('a')}${boxed('(1,2),(3,4)')}`;
    const start = performance.now();
    expect(parse(whole + box[0].repeat(200_000), family)).toHaveLength(1);
    expect(parse(box[0].repeat(200_000) + whole, family)).toHaveLength(1);
    // Searching for an end from each of them took minutes.
    expect(performance.now() - start).toBeLessThan(10_000);
  });
});

describe('families', () => {
  it('decide what coordinates count, whatever their size', () => {
    expect(coordinateSpace('qwen2_5_vl')).toBe('resized');
    expect(coordinateSpace('qwen2_vl')).toBe('thousandths');
    expect(coordinateSpace('qwen')).toBe('thousandths');
  });

  it('are known by model_type', () => {
    expect(isGroundingFamily('qwen2_5_vl')).toBe(true);
    expect(isGroundingFamily('toString')).toBe(false);
    expect(() => parseGrounding('', 'llava' as GroundingFamily)).toThrow(ConfigError);
  });
});
