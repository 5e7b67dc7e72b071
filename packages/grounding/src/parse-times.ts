import { findJsonObjects, objectsWithin } from './json-objects.js';
import { findTimesInProse } from './prose-times.js';

/** A moment or a stretch of video that an answer names. */
export interface TimeSpan {
  /** In seconds from the beginning. */
  readonly start: number;
  /** In seconds; equal to `start` for a moment. */
  readonly end: number;
  /** What happens then, where the answer is JSON and says so. */
  readonly label?: string;
}

/**
 * Times that an answer names, in its order: "At 2.5 seconds", "00:02 - 00:05", "1:02:03.5", "from 3s to 5s", "between 1 and 2
 * minutes", "1 min 5 s", and JSON with `start_time` and `end_time`. Durations ("4 seconds long") are not told from times.
 */
export function parseTimes(text: string): readonly TimeSpan[] {
  const objects = findJsonObjects(text).map((found) => ({ ...found, spans: [...jsonSpans(found.value)] }));
  const fromJson: readonly (TimeSpan & { readonly offset: number })[] = objects.flatMap(({ offset, spans }) =>
    spans.map((span) => ({ ...span, offset })),
  );
  const prose = objects.reduce(
    (rest, { offset, end, spans }) =>
      spans.length === 0 ? rest : rest.slice(0, offset) + ' '.repeat(end - offset) + rest.slice(end),
    text,
  );
  const fromProse: typeof fromJson = findTimesInProse(prose);
  return [...fromJson, ...fromProse]
    .sort((a, b) => a.offset - b.offset)
    .map(({ start, end, label }) => ({ start, end, ...(label !== undefined && { label }) }));
}

const startKeys = ['start_time', 'start', 'time', 'timestamp'] as const;
const endKeys = ['end_time', 'end'] as const;
const labelKeys = ['label', 'event', 'description', 'action', 'caption'] as const;

function* jsonSpans(value: unknown): Generator<TimeSpan> {
  for (const object of objectsWithin(value)) {
    const read = (keys: readonly string[]) => secondsOf(keys.map((key) => object[key]).find((entry) => entry != null));
    const start = read(startKeys);
    const end = read(endKeys);
    const first = start ?? end;
    if (first === undefined) continue;
    const last = end ?? first;
    const label = labelKeys.map((key) => object[key]).find((entry) => typeof entry === 'string') as string | undefined;
    yield { start: Math.min(first, last), end: Math.max(first, last), ...(label !== undefined && { label }) };
  }
}

function secondsOf(value: unknown): number | undefined {
  if (typeof value === 'number') return Number.isFinite(value) && value >= 0 ? value : undefined;
  if (typeof value !== 'string') return undefined;
  if (/^\s*\d+(?:\.\d+)?\s*$/.test(value)) return Number(value);
  return findTimesInProse(value)[0]?.start;
}
