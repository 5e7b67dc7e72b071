import { PromptError } from '@vlmkit/core';
import { describe, expect, it } from 'vitest';
import { drawSvg, type GroundedItem, toCoco } from './index.js';

const size = { width: 400, height: 300 };
const items: readonly GroundedItem[] = [
  { kind: 'box', label: 'cat', image: 0, box: [10, 20, 110.004, 70], resized: [1, 2, 11, 7] },
  { kind: 'point', label: 'eye', image: 1, point: [33.333, 44], resized: [3, 4] },
  {
    kind: 'box',
    label: '',
    image: 1,
    box: [0, 0, 50, 40],
    resized: [0, 0, 5, 4],
    corners: [
      [0, 0],
      [50, 5],
      [45, 40],
      [2, 38],
    ],
  },
  { kind: 'box', label: 'cat', image: 1, box: [200, 100, 300, 200], resized: [20, 10, 30, 20] },
];

describe('toCoco', () => {
  const images = [
    { fileName: 'a.png', size },
    { fileName: 'b.png', size: { width: 640, height: 480 } },
  ];

  it('writes pictures, annotations and categories', () => {
    const dataset = toCoco({ images, items });
    expect(dataset.images).toEqual([
      { id: 1, file_name: 'a.png', width: 400, height: 300 },
      { id: 2, file_name: 'b.png', width: 640, height: 480 },
    ]);
    expect(dataset.categories).toEqual([
      { id: 1, name: 'cat' },
      { id: 2, name: 'eye', keypoints: ['point'] },
      { id: 3, name: 'object' },
    ]);
    expect(dataset.annotations).toEqual([
      { id: 1, image_id: 1, category_id: 1, bbox: [10, 20, 100, 50], area: 5000, iscrowd: 0 },
      {
        id: 2,
        image_id: 2,
        category_id: 2,
        bbox: [33.33, 44, 0, 0],
        area: 0,
        iscrowd: 0,
        keypoints: [33.33, 44, 2],
        num_keypoints: 1,
      },
      {
        id: 3,
        image_id: 2,
        category_id: 3,
        bbox: [0, 0, 50, 40],
        area: 2000,
        iscrowd: 0,
        segmentation: [[0, 0, 50, 5, 45, 40, 2, 38]],
      },
      { id: 4, image_id: 2, category_id: 1, bbox: [200, 100, 100, 100], area: 10000, iscrowd: 0 },
    ]);
  });

  it('rejects items of unlisted pictures', () => {
    expect(() => toCoco({ images: images.slice(0, 1), items })).toThrow(PromptError);
  });
});

describe('drawSvg', () => {
  const attributes = (svg: string, element: string, name: string) =>
    [...svg.matchAll(new RegExp(`<${element} [^>]*?\\b${name}="([^"]*)"`, 'g'))].map((match) => match[1]!);

  it('draws every item at its place, on a canvas of the picture’s size', () => {
    const svg = drawSvg({ size, items });
    expect(svg).toContain('width="400" height="300" viewBox="0 0 400 300"');
    expect(svg).toContain('<rect x="10" y="20" width="100" height="50" fill="none"');
    expect(svg).toContain('<circle cx="33.33" cy="44"');
    expect(svg).toContain('<polygon points="0,0 50,5 45,40 2,38"');
    expect(svg.match(/<g>/g)).toHaveLength(items.length);
    expect(svg.match(/<text /g)).toHaveLength(3);
  });

  it('gives one colour to a label, and different ones to different labels', () => {
    const strokes = attributes(drawSvg({ size, items }), '(?:rect|polygon)', 'stroke').filter(
      (color) => color !== '#000000',
    );
    expect(strokes[0]).toBe(strokes[2]);
    expect(strokes[0]).not.toBe(strokes[1]);
  });

  it('keeps labels inside the picture', () => {
    const corner = (box: readonly [number, number, number, number]): GroundedItem => ({
      ...(items[0] as GroundedItem & { kind: 'box' }),
      label: 'a rather long label',
      box,
    });
    const corners = [
      corner([0, 0, 400, 300]),
      corner([380, 0, 400, 10]),
      corner([380, 290, 400, 300]),
      corner([0, 290, 5, 300]),
    ];
    const svg = drawSvg({ size, items: corners });
    const labels = [...svg.matchAll(/<rect x="([\d.-]+)" y="([\d.-]+)" width="([\d.]+)" height="([\d.]+)" fill="#/g)];
    expect(labels).toHaveLength(corners.length);
    for (const [x, y, width, height] of labels.map(
      (match) => match.slice(1).map(Number) as [number, number, number, number],
    )) {
      expect(x).toBeGreaterThanOrEqual(0);
      expect(y).toBeGreaterThanOrEqual(0);
      expect(x + width).toBeLessThanOrEqual(400.01);
      expect(y + height).toBeLessThanOrEqual(300.01);
    }
  });

  it('escapes labels, drops what XML cannot hold and shortens long ones', () => {
    const label = `</text><script>"x" & 'y'\u0000\n${'long '.repeat(20)}`;
    const svg = drawSvg({ size, items: [{ ...items[0]!, label }] });
    expect(svg).not.toContain('<script>');
    expect(svg).toContain('>&lt;/text&gt;&lt;script&gt;&quot;x&quot; &amp; &apos;y&apos; long');
    expect(svg).toContain('…</text>');
    expect(svg).not.toContain('\u0000');
  });

  it('draws nothing for no items', () => {
    expect(drawSvg({ size, items: [] })).not.toContain('<g>');
  });
});
