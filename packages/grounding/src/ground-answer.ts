import { PromptError } from '@vlmkit/core';
import type { GroundedItem, ParsedItem } from './items.js';
import {
  type MapOptions,
  mapBoxToOriginal,
  mapToOriginal,
  orderCorners,
  type PictureSizes,
  toResized,
} from './map-coordinates.js';
import { coordinateSpace, type GroundingFamily, parseGrounding, proseOf } from './parse-grounding.js';

/** Options of {@link groundAnswer}. */
export interface GroundAnswerOptions {
  /** The model's convention: `model_type` of its config.json. */
  readonly family: GroundingFamily;
  /** The pictures of the prompt, in order. */
  readonly images: readonly PictureSizes[];
  /**
   * Index of the picture that items belong to where the answer does not say ("Picture 2: ...", "in the second image ...",
   * `{"image_2": [...]}`; labels do not count). Default: the one that `question` names, otherwise the first.
   */
  readonly image?: number | undefined;
  /** What was asked. */
  readonly question?: string | undefined;
}

/**
 * Boxes and points of an answer, on the user's own pictures.
 *
 * @throws PromptError when `image` is none of the pictures, ConfigError when the family is unknown.
 */
export function groundAnswer(text: string, options: GroundAnswerOptions): readonly GroundedItem[] {
  const { family, images, question = '' } = options;
  const items = parseGrounding(text, family);
  if (items.length === 0 || images.length === 0) return [];
  const byDefault = options.image ?? namedPictures(question, images.length).at(-1)?.image ?? 0;
  if (images[byDefault] === undefined) {
    throw new PromptError(`There is no picture with index ${byDefault}.`, {
      expected: `0 to ${images.length - 1}`,
      actual: `${byDefault}`,
    });
  }
  // Labels name things, such as a "photo 2" on the wall, and say nothing of where the next box belongs.
  const named = namedPictures(proseOf(text, family), images.length);
  return items.map((item) => {
    const byKey = item.picture !== undefined && images[item.picture - 1] ? item.picture - 1 : undefined;
    const image = byKey ?? named.findLast(({ offset }) => offset < item.offset)?.image ?? byDefault;
    return groundItem(item, image, { ...images[image]!, space: coordinateSpace(family) });
  });
}

function groundItem(item: ParsedItem, image: number, options: MapOptions): GroundedItem {
  const { label } = item;
  if (item.kind === 'point') {
    return {
      kind: 'point',
      label,
      image,
      point: mapToOriginal(item.point, options),
      resized: toResized(item.point, options),
    };
  }
  const [x1, y1, x2, y2] = orderCorners(item.box);
  return {
    kind: 'box',
    label,
    image,
    box: mapBoxToOriginal(item.box, options),
    resized: [...toResized([x1, y1], options), ...toResized([x2, y2], options)],
    ...(item.corners && { corners: item.corners.map((corner) => mapToOriginal(corner, options)) }),
  };
}

interface NamedPicture {
  readonly image: number;
  readonly offset: number;
}

const ordinals = [
  'first',
  'second',
  'third',
  'fourth',
  'fifth',
  'sixth',
  'seventh',
  'eighth',
  'ninth',
  'tenth',
] as const;

/** Pictures that a text names: "Picture 2", "image #3", "image_3", "the second image", "the last photo". Numbers beyond the last are no pictures. */
function namedPictures(text: string, count: number): readonly NamedPicture[] {
  const pattern = new RegExp(
    `\\b(?:picture|image|photo)[\\s_]*#?(\\d{1,3})\\b|\\b(${ordinals.join('|')}|last)\\s+(?:picture|image|photo)\\b`,
    'gi',
  );
  return [...text.matchAll(pattern)].flatMap(({ 1: number, 2: ordinal, index: offset }) => {
    const word = ordinal?.toLowerCase();
    const image =
      word === 'last' ? count - 1 : word ? (ordinals as readonly string[]).indexOf(word) : Number(number) - 1;
    return image >= 0 && image < count ? [{ image, offset }] : [];
  });
}
