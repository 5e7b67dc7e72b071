import { type BoxShape, boundingBox, type ParsedItem, type Point, type PointShape } from './items.js';
import type { TextRange } from './text-ranges.js';

/** The tags of a generation: [open, close]. */
export interface TagSet {
  readonly label: readonly [open: string, close: string];
  /** Tags around coordinates. One pair is a point, two are a box, four a quadrilateral. */
  readonly places: readonly (readonly [open: string, close: string])[];
}

/** Of Qwen2-VL. */
export const qwen2Tags: TagSet = {
  label: ['<|object_ref_start|>', '<|object_ref_end|>'],
  places: [
    ['<|box_start|>', '<|box_end|>'],
    ['<|quad_start|>', '<|quad_end|>'],
    ['<|point_start|>', '<|point_end|>'],
  ],
};

/** Of Qwen-VL. */
export const qwenTags: TagSet = {
  label: ['<ref>', '</ref>'],
  places: [
    ['<box>', '</box>'],
    ['<quad>', '</quad>'],
    ['<point>', '</point>'],
  ],
};

/**
 * Items written as `label-tag places-tag places-tag ...`. Places that follow a label directly, or one another with only commas or spaces
 * between, carry that label.
 */
export function parseTaggedItems(text: string, tags: TagSet): readonly ParsedItem[] {
  const items: ParsedItem[] = [];
  let label = '';
  let end = 0;
  for (const found of findTags(text, tags)) {
    if (/[^\s,;]/.test(text.slice(end, found.offset))) label = '';
    end = found.end;
    if (found.isLabel) {
      label = found.content.trim();
      continue;
    }
    const place = readPlace(found.content);
    if (place !== undefined) items.push({ ...place, label, offset: found.offset });
  }
  return items;
}

interface FoundTag extends TextRange {
  readonly isLabel: boolean;
  readonly content: string;
}

/** Tag pairs in order, found in one pass. A tag that does not close is passed over, as is one with an opening tag inside. */
export function* findTags(text: string, { label, places }: TagSet): Generator<FoundTag> {
  const pairs = [label, ...places];
  const anyTag = new RegExp(
    pairs
      .flat()
      .map((tag) => tag.replaceAll('|', '\\|'))
      .join('|'),
    'g',
  );
  let open: { readonly pair: TagSet['label']; readonly offset: number; readonly start: number } | undefined;
  for (const { 0: tag, index } of text.matchAll(anyTag)) {
    const opened = pairs.find(([opening]) => opening === tag);
    if (opened) open = { pair: opened, offset: index, start: index + tag.length };
    else if (open?.pair[1] === tag) {
      const content = text.slice(open.start, index);
      yield { isLabel: open.pair === label, content, offset: open.offset, end: index + tag.length };
      open = undefined;
    }
  }
}

function readPlace(content: string): BoxShape | PointShape | undefined {
  const pair = /\(\s*(-?\d+(?:\.\d+)?)\s*,\s*(-?\d+(?:\.\d+)?)\s*\)/g;
  if (/[^\s,]/.test(content.replace(pair, ''))) return undefined;
  const points = [...content.matchAll(pair)].map((match): Point => [Number(match[1]), Number(match[2])]);
  if (points.length === 1) return { kind: 'point', point: points[0]! };
  if (points.length === 2) return { kind: 'box', box: [...points[0]!, ...points[1]!] };
  if (points.length === 4) return { kind: 'box', box: boundingBox(points), corners: points };
  return undefined;
}
