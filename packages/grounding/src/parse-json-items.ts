import type { Box, ParsedItem, Point } from './items.js';
import { findJsonObjects, objectsWithin } from './json-objects.js';

const labelKeys = ['label', 'text_content', 'text', 'name'] as const;

/** Items of Qwen2.5-VL's JSON: objects with `bbox_2d` or `point_2d`, one place or a list of them. */
export function parseJsonItems(text: string): readonly ParsedItem[] {
  return findJsonObjects(text).flatMap(({ value, offset }) =>
    [...objectsWithin(value)].flatMap((object) => {
      const label = labelOf(object);
      return [
        ...places(object.bbox_2d, asBox).map((box) => ({ kind: 'box', box, label, offset }) as const),
        ...places(object.point_2d, asPoint).map((point) => ({ kind: 'point', point, label, offset }) as const),
      ];
    }),
  );
}

function labelOf(object: Readonly<Record<string, unknown>>): string {
  const key = labelKeys.find((candidate) => ['string', 'number'].includes(typeof object[candidate]));
  return key === undefined ? '' : String(object[key]);
}

function places<T>(value: unknown, read: (value: unknown) => T | undefined): readonly T[] {
  const single = read(value);
  if (single !== undefined) return [single];
  return Array.isArray(value) ? value.map(read).filter((place) => place !== undefined) : [];
}

function asBox(value: unknown): Box | undefined {
  const numbers = asNumbers(Array.isArray(value) && value.length === 2 ? value.flat() : value, 4);
  return numbers as Box | undefined;
}

function asPoint(value: unknown): Point | undefined {
  return asNumbers(value, 2) as Point | undefined;
}

function asNumbers(value: unknown, count: number): readonly number[] | undefined {
  if (!Array.isArray(value) || value.length !== count) return undefined;
  const numbers = value.map((entry) => (typeof entry === 'string' && entry.trim() !== '' ? Number(entry) : entry));
  return numbers.every((number) => typeof number === 'number' && Number.isFinite(number)) ? numbers : undefined;
}
