import type { Box, ParsedItem, Point } from './items.js';
import { findJsonObjects, objectsWithin } from './json-objects.js';

const labelKeys = ['label', 'text_content', 'text', 'name'] as const;

/** A key that names the picture of what is under it: "image_2", "Picture 2". */
const pictureKey = /^\s*(?:picture|image|photo)[\s_]*#?(\d{1,3})\s*$/i;

/**
 * Items of Qwen2.5-VL's JSON: objects with `bbox_2d` or `point_2d`, one place or a list of them. What is under a key such as
 * `image_2` of the outermost object belongs to that picture.
 */
export function parseJsonItems(text: string): readonly ParsedItem[] {
  return findJsonObjects(text).flatMap(({ value, offset }) => {
    const entries = Object.entries(value).map(([key, inner]) => ({ key, inner, picture: pictureKey.exec(key)?.[1] }));
    const named = entries.filter(({ picture }) => picture !== undefined);
    const rest = Object.fromEntries(
      entries.filter(({ picture }) => picture === undefined).map(({ key, inner }) => [key, inner]),
    );
    return [
      ...itemsWithin(rest, offset),
      ...named.flatMap(({ inner, picture }) =>
        itemsWithin(inner, offset).map((item) => ({ ...item, picture: Number(picture) })),
      ),
    ];
  });
}

function itemsWithin(value: unknown, offset: number): readonly ParsedItem[] {
  return [...objectsWithin(value)].flatMap((object) => {
    const label = labelOf(object);
    return [
      ...places(object.bbox_2d, asBox).map((box) => ({ kind: 'box', box, label, offset }) as const),
      ...places(object.point_2d, asPoint).map((point) => ({ kind: 'point', point, label, offset }) as const),
    ];
  });
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
