import { ConfigError, MediaError, PromptError } from '@vlmkit/core';
import { describe, expect, it } from 'vitest';
import { groundAnswer, mapBoxToOriginal, mapToOriginal, type PictureSizes } from './index.js';
import { orderCorners } from './map-coordinates.js';

const wide: PictureSizes = { original: { width: 1000, height: 300 }, resized: { width: 504, height: 140 } };
const tall: PictureSizes = { original: { width: 90, height: 400 }, resized: { width: 84, height: 392 } };

function boxes(...list: readonly (readonly number[])[]): string {
  return JSON.stringify(list.map((box, i) => ({ bbox_2d: box, label: `item ${i}` })));
}

describe('mapToOriginal', () => {
  it('scales each axis by itself, from pixels of the resized picture', () => {
    expect(mapToOriginal([252, 35], { ...wide, space: 'resized' })).toEqual([500, 75]);
  });

  it('scales each axis by itself, from thousandths', () => {
    expect(mapToOriginal([500, 250], { ...wide, space: 'thousandths' })).toEqual([500, 75]);
  });

  it('maps corners to corners and clips what lies outside', () => {
    const options = { ...wide, space: 'resized' } as const;
    expect(mapBoxToOriginal([0, 0, 504, 140], options)).toEqual([0, 0, 1000, 300]);
    expect(mapBoxToOriginal([-5, -1, 9999, 150], options)).toEqual([0, 0, 1000, 300]);
    expect(mapBoxToOriginal([252, 70, 126, 35], options)).toEqual([250, 75, 500, 150]);
    expect(orderCorners([4, 1, 2, 3])).toEqual([2, 1, 4, 3]);
  });

  it('rejects pictures without a size', () => {
    const options = { original: { width: 0, height: 3 }, resized: wide.resized, space: 'resized' } as const;
    expect(() => mapToOriginal([1, 1], options)).toThrow(MediaError);
  });
});

describe('groundAnswer', () => {
  it('gives boxes and points in original pixels beside the resized ones', () => {
    const text = '[{"bbox_2d": [252, 35, 504, 140], "label": "cat"}, {"point_2d": [126, 70], "label": "dog"}]';
    expect(groundAnswer(text, { family: 'qwen2_5_vl', images: [wide] })).toEqual([
      { kind: 'box', label: 'cat', image: 0, box: [500, 75, 1000, 300], resized: [252, 35, 504, 140] },
      { kind: 'point', label: 'dog', image: 0, point: [250, 150], resized: [126, 70] },
    ]);
  });

  it('reads the same numbers by family, never by magnitude', () => {
    const text = '[{"bbox_2d": [0, 0, 100, 100], "label": "cat"}]';
    const [pixels] = groundAnswer(text, { family: 'qwen2_5_vl', images: [wide] });
    const [thousandths] = groundAnswer(text, { family: 'qwen2_vl', images: [wide] });
    expect(pixels).toMatchObject({ box: [0, 0, (100 * 1000) / 504, (100 * 300) / 140] });
    expect(thousandths).toMatchObject({ box: [0, 0, 100, 30], resized: [0, 0, 50.4, 14] });
  });

  it('maps the corners of quadrilaterals', () => {
    const text = '<ref>sign</ref><quad>(0,0),(500,0),(500,1000),(0,1000)</quad>';
    expect(groundAnswer(text, { family: 'qwen', images: [wide] })).toMatchObject([
      {
        box: [0, 0, 500, 300],
        corners: [
          [0, 0],
          [500, 0],
          [500, 300],
          [0, 300],
        ],
      },
    ]);
  });

  describe('with several pictures', () => {
    const images = [wide, tall];
    const whole = boxes([0, 0, 504, 140]);
    const imagesOf = (text: string, options = {}) =>
      groundAnswer(text, { family: 'qwen2_5_vl', images, ...options }).map(({ image }) => image);

    it('keeps apart what the answer assigns', () => {
      const text = `Picture 1:\n${boxes([0, 0, 504, 140])}\nPicture 2:\n${boxes([0, 0, 84, 392], [42, 196, 84, 392])}`;
      expect(groundAnswer(text, { family: 'qwen2_5_vl', images })).toMatchObject([
        { image: 0, box: [0, 0, 1000, 300] },
        { image: 1, box: [0, 0, 90, 400] },
        { image: 1, box: [45, 200, 90, 400] },
      ]);
    });

    it.each([
      [`In the second image: ${whole}`, 1],
      [`the last photo ${whole}`, 1],
      [`IMAGE #2 ${whole}`, 1],
      [`image 7 ${whole}`, 0],
      [`${whole} in the second image`, 0],
      [whole, 0],
    ])('reads %s', (text, image) => {
      expect(imagesOf(text)).toEqual([image]);
    });

    const spot = '"bbox_2d": [1, 2, 30, 40]';
    it.each([
      ['JSON', `[{${spot}, "label": "photo 2"}, {${spot}, "label": "cat"}]`],
      ['JSON, by ordinal', `[{${spot}, "label": "frame of the second image"}, {${spot}, "label": "cat"}]`],
      ['points', '<points x1="1" y1="2" alt="photo 2">photo 2</points> <point x="3" y="4" alt="cat">cat</point>'],
      [
        'tags',
        '<|object_ref_start|>image 2<|object_ref_end|><|box_start|>(1,2),(3,4)<|box_end|><|box_start|>(1,2),(3,4)<|box_end|>',
      ],
    ])('does not take the labels of %s for names of pictures', (_, text) => {
      expect(imagesOf(text)).toEqual([0, 0]);
      expect(imagesOf(`Picture 2: ${text}`)).toEqual([1, 1]);
    });

    it.each([
      [`{"image_1": [{${spot}}], "image_2": [{${spot}}, {${spot}}]}`, [0, 1, 1]],
      [`{"Picture 2": {"objects": [{${spot}}]}, "Picture 1": {${spot}}}`, [1, 0]],
      [`{"image_2": [{${spot}}], "image_9": [{${spot}}]}`, [1, 0]],
      [`{"image_1": [{${spot}}], "image_2": [{${spot}}, {"bbox_2d": [1`, [0, 1]],
    ])('reads the keys of %s', (text, pictures) => {
      expect(imagesOf(text)).toEqual(pictures);
    });

    it('falls back on the option, then on the question, then on the first', () => {
      expect(imagesOf(whole, { image: 1 })).toEqual([1]);
      expect(imagesOf(whole, { question: 'Locate the star in the second image.' })).toEqual([1]);
      expect(imagesOf(whole, { image: 0, question: 'Locate the star in picture 2.' })).toEqual([0]);
    });
  });

  it('gives nothing for prose or without pictures', () => {
    expect(groundAnswer('No cat.', { family: 'qwen2_5_vl', images: [wide] })).toEqual([]);
    expect(groundAnswer(boxes([1, 2, 3, 4]), { family: 'qwen2_5_vl', images: [] })).toEqual([]);
  });

  it('rejects an unknown picture or family', () => {
    const text = boxes([1, 2, 3, 4]);
    expect(() => groundAnswer(text, { family: 'qwen2_5_vl', images: [wide], image: 1 })).toThrow(PromptError);
    expect(() => groundAnswer(text, { family: 'other' as 'qwen', images: [wide] })).toThrow(ConfigError);
  });
});
