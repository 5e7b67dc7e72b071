import { ConfigError } from '@vlmkit/core';
import type { ParsedItem } from './items.js';
import { findJsonObjects } from './json-objects.js';
import { parseJsonItems } from './parse-json-items.js';
import { findPointTags, parsePointTags } from './parse-point-tags.js';
import { findTags, parseTaggedItems, qwen2Tags, qwenTags, type TagSet } from './parse-tagged-items.js';
import { blankOut, type TextRange } from './text-ranges.js';

/** Generations of the models, by `model_type` of config.json; the first, Qwen-VL, is `qwen`. */
export type GroundingFamily = 'qwen2_5_vl' | 'qwen2_vl' | 'qwen';

/** What coordinates of an answer count: pixels of the resized picture, or thousandths of its sides. */
export type CoordinateSpace = 'resized' | 'thousandths';

/** One way to write items. */
interface Notation {
  parse(text: string): readonly ParsedItem[];
  /** Where it stands in a text, with labels and all. */
  find(text: string): Iterable<TextRange>;
}

interface Convention {
  readonly space: CoordinateSpace;
  readonly notations: readonly Notation[];
}

const json: Notation = { parse: parseJsonItems, find: findJsonObjects };
const pointTags: Notation = { parse: parsePointTags, find: findPointTags };
const tagged = (tags: TagSet): Notation => ({
  parse: (text) => parseTaggedItems(text, tags),
  find: (text) => findTags(text, tags),
});

const conventions: Readonly<Record<GroundingFamily, Convention>> = {
  qwen2_5_vl: { space: 'resized', notations: [json, pointTags, tagged(qwen2Tags)] },
  qwen2_vl: { space: 'thousandths', notations: [tagged(qwen2Tags), json] },
  qwen: { space: 'thousandths', notations: [tagged(qwenTags)] },
};

/** What a family's coordinates count. Decided by the family alone: small numbers may be pixels, and large ones thousandths. */
export function coordinateSpace(family: GroundingFamily): CoordinateSpace {
  return convention(family).space;
}

/** Whether the boxes of a `model_type` can be parsed. */
export function isGroundingFamily(modelType: string): modelType is GroundingFamily {
  return Object.hasOwn(conventions, modelType);
}

/**
 * Boxes and points of an answer, in the order in which it names them, in the model's own coordinates.
 *
 * - `qwen2_5_vl`: JSON with `bbox_2d` or `point_2d` and `label`, fenced or not, and `<points x1 y1 alt>`
 * - `qwen2_vl`: `<|object_ref_start|>label<|object_ref_end|><|box_start|>(x1,y1),(x2,y2)<|box_end|>`; decode with special tokens
 * - `qwen`: `<ref>label</ref><box>(x1,y1),(x2,y2)</box>`
 *
 * Broken or cut-off answers give their complete items.
 *
 * @throws ConfigError when the family is unknown.
 */
export function parseGrounding(text: string, family: GroundingFamily): readonly ParsedItem[] {
  const items = convention(family).notations.flatMap(({ parse }) => parse(text));
  return items.toSorted((a, b) => a.offset - b.offset);
}

/** The text with blanks for all that is written in the family's notations: what the answer says around its items, at its place. */
export function proseOf(text: string, family: GroundingFamily): string {
  const ranges = convention(family).notations.flatMap(({ find }) => [...find(text)]);
  return blankOut(text, ranges);
}

function convention(family: GroundingFamily): Convention {
  if (isGroundingFamily(family)) return conventions[family];
  throw new ConfigError('There is no grounding convention for this family.', {
    expected: `one of ${Object.keys(conventions).join(', ')}`,
    actual: String(family),
  });
}
