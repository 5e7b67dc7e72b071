import type { ParsedItem } from './items.js';
import type { TextRange } from './text-ranges.js';

/** Items of Qwen2.5-VL's other form for points: `<points x1="10" y1="20" x2="30" y2="40" alt="cats">cats</points>`. */
export function parsePointTags(text: string): readonly ParsedItem[] {
  return [...matchTags(text)].flatMap((tag) => {
    const attributes = new Map(
      [...tag[1]!.matchAll(/(?<!\w)(\w+)\s*=\s*(?:"([^"]*)"|'([^']*)')/g)].map((match) => [
        match[1]!,
        match[2] ?? match[3]!,
      ]),
    );
    const label = tag[2]!.trim() || (attributes.get('alt') ?? '');
    return [...attributes.keys()].flatMap((name) => {
      const number = /^x(\d*)$/.exec(name)?.[1];
      if (number === undefined) return [];
      const [x, y] = ['x', 'y'].map((axis) => Number(attributes.get(axis + number) || Number.NaN)) as [number, number];
      if (!Number.isFinite(x) || !Number.isFinite(y)) return [];
      return [{ kind: 'point', point: [x, y], label, offset: tag.index } as const];
    });
  });
}

/** Where the tags stand. */
export function findPointTags(text: string): readonly TextRange[] {
  return [...matchTags(text)].map(({ 0: { length }, index }) => ({ offset: index, end: index + length }));
}

function matchTags(text: string): Iterable<RegExpExecArray> {
  return text.matchAll(/<points?\s([^<>]*)>([^<>]*)<\/points?>/g);
}
