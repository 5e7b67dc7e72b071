import type { PixelSize } from '@vlmkit/core';
import type { GroundedBox, GroundedItem, GroundedPoint } from './items.js';

/** Arguments of {@link drawSvg}. */
export interface DrawSvgInput {
  /** Size of the picture that the drawing goes on. */
  readonly size: PixelSize;
  /** Items of that picture, in its pixels. */
  readonly items: readonly GroundedItem[];
}

/** Okabe and Ito's palette for all kinds of colour vision, each with the text colour that reads on it. */
const palette = [
  { fill: '#d55e00', text: '#ffffff' },
  { fill: '#56b4e9', text: '#000000' },
  { fill: '#f0e442', text: '#000000' },
  { fill: '#009e73', text: '#ffffff' },
  { fill: '#cc79a7', text: '#000000' },
  { fill: '#0072b2', text: '#ffffff' },
  { fill: '#e69f00', text: '#000000' },
] as const;

interface Pen {
  readonly fill: string;
  readonly text: string;
  /** Width of a line. */
  readonly line: number;
  /** Size of letters. */
  readonly font: number;
  readonly size: PixelSize;
}

/**
 * An SVG picture of boxes, points and labels, transparent elsewhere, to lay over the picture. One colour per label; lines have a dark
 * rim, so that they show on any ground; labels stay inside.
 */
export function drawSvg({ size, items }: DrawSvgInput): string {
  const labels = [...new Set(items.map(({ label }) => label))];
  const side = Math.min(size.width, size.height);
  const shapes = items.map((item) => {
    const pen: Pen = {
      ...palette[labels.indexOf(item.label) % palette.length]!,
      line: Math.max(1.5, side / 200),
      font: Math.min(Math.max(11, side / 28), 48),
      size,
    };
    return item.kind === 'box' ? drawBox(item, pen) : drawPoint(item, pen);
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${size.width}" height="${size.height}" viewBox="0 0 ${size.width} ${size.height}">`,
    ...shapes,
    '</svg>',
    '',
  ].join('\n');
}

function drawBox({ box: [x1, y1, x2, y2], corners, label }: GroundedBox, pen: Pen): string {
  const outline = (color: string, width: number) =>
    corners === undefined
      ? `<rect x="${n(x1)}" y="${n(y1)}" width="${n(x2 - x1)}" height="${n(y2 - y1)}" fill="none" stroke="${color}" stroke-width="${n(width)}"/>`
      : `<polygon points="${corners.map(([x, y]) => `${n(x)},${n(y)}`).join(' ')}" fill="none" stroke="${color}" stroke-width="${n(width)}"/>`;
  const rim = outline('#000000', pen.line * 1.8);
  return `<g>${rim}${outline(pen.fill, pen.line)}${drawLabel({ label, x: x1, top: y1, bottom: y2 }, pen)}</g>`;
}

function drawPoint({ point: [x, y], label }: GroundedPoint, pen: Pen): string {
  const radius = pen.line * 2.5;
  const dot = `<circle cx="${n(x)}" cy="${n(y)}" r="${n(radius)}" fill="${pen.fill}" stroke="#000000" stroke-width="${n(pen.line * 0.6)}"/>`;
  return `<g>${dot}${drawLabel({ label, x: x + radius, top: y - radius, bottom: y + radius }, pen)}</g>`;
}

interface LabelPlace {
  readonly label: string;
  readonly x: number;
  /** Upper edge of the shape, above which the label goes if there is room. */
  readonly top: number;
  readonly bottom: number;
}

function drawLabel({ label, x, top, bottom }: LabelPlace, { font, size, fill, text }: Pen): string {
  const shown = shorten(label);
  if (shown === '') return '';
  const width = textWidth(shown) * font + font * 0.6;
  const height = font * 1.35;
  const left = Math.max(0, Math.min(x, size.width - width));
  const above = top - height;
  // Above the shape, else below it, else inside at its top.
  const y = above >= 0 ? above : bottom + height <= size.height ? bottom : Math.max(0, top);
  return (
    `<rect x="${n(left)}" y="${n(y)}" width="${n(width)}" height="${n(height)}" fill="${fill}"/>` +
    `<text x="${n(left + font * 0.3)}" y="${n(y + font)}" font-family="sans-serif" font-size="${n(font)}" fill="${text}">${escapeXml(shown)}</text>`
  );
}

/** At most 40 characters on one line, without what XML cannot hold. */
function shorten(label: string): string {
  const line = label.replace(/[\p{Cc}\p{Cs}\ufffe\uffff\s]+/gu, ' ').trim();
  const characters = Array.from(line);
  return characters.length <= 40 ? line : `${characters.slice(0, 39).join('')}…`;
}

/** Width in ems, estimated: fonts differ, and wide scripts take a whole em. */
function textWidth(text: string): number {
  return Array.from(text).reduce(
    (sum, character) => sum + (/[\u1100-\u11ff\u2e80-\uffe6\u{1f000}-\u{3fffd}]/u.test(character) ? 1 : 0.6),
    0,
  );
}

function escapeXml(text: string): string {
  const names: Readonly<Record<string, string>> = {
    '&': '&amp;',
    '<': '&lt;',
    '>': '&gt;',
    '"': '&quot;',
    "'": '&apos;',
  };
  return text.replace(/[&<>"']/g, (character) => names[character]!);
}

/** A number for SVG, to hundredths of a pixel. */
function n(value: number): string {
  return String(Math.round(value * 100) / 100);
}
