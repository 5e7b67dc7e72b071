import { ConfigError } from '@vlmkit/core';
import type { ParsedItem } from './items.js';
import { parseJsonItems } from './parse-json-items.js';
import { parsePointTags } from './parse-point-tags.js';
import { parseTaggedItems, qwen2Tags, qwenTags } from './parse-tagged-items.js';

/** Generations of the models, by `model_type` of config.json; the first, Qwen-VL, is `qwen`. */
export type GroundingFamily = 'qwen2_5_vl' | 'qwen2_vl' | 'qwen';

/** What coordinates of an answer count: pixels of the resized picture, or thousandths of its sides. */
export type CoordinateSpace = 'resized' | 'thousandths';

interface Convention {
  readonly space: CoordinateSpace;
  readonly parsers: readonly ((text: string) => readonly ParsedItem[])[];
}

const parseQwen2Tags = (text: string) => parseTaggedItems(text, qwen2Tags);
const parseQwenTags = (text: string) => parseTaggedItems(text, qwenTags);

const conventions: Readonly<Record<GroundingFamily, Convention>> = {
  qwen2_5_vl: { space: 'resized', parsers: [parseJsonItems, parsePointTags, parseQwen2Tags] },
  qwen2_vl: { space: 'thousandths', parsers: [parseQwen2Tags, parseJsonItems] },
  qwen: { space: 'thousandths', parsers: [parseQwenTags] },
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
  const items = convention(family).parsers.flatMap((parse) => parse(text));
  return items.toSorted((a, b) => a.offset - b.offset);
}

function convention(family: GroundingFamily): Convention {
  if (isGroundingFamily(family)) return conventions[family];
  throw new ConfigError('There is no grounding convention for this family.', {
    expected: `one of ${Object.keys(conventions).join(', ')}`,
    actual: String(family),
  });
}
