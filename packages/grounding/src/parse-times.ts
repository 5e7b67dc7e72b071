import { findJsonObjects, objectsWithin } from './json-objects.js';
import { findTimesInProse } from './prose-times.js';
import { blankOut } from './text-ranges.js';

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
 * minutes", "1 min 5 s", and JSON with `start_time` and `end_time`, or a `timestamp` of either form, or a list of two.
 * Durations ("4 seconds long") are not told from times.
 */
export function parseTimes(text: string): readonly TimeSpan[] {
  const objects = findJsonObjects(text).map((found) => ({ ...found, spans: [...jsonSpans(found.value)] }));
  const fromJson = objects.flatMap(({ offset, spans }) => spans.map((span) => ({ ...span, offset })));
  const prose = blankOut(
    text,
    objects.filter(({ spans }) => spans.length > 0),
  );
  return [...fromJson, ...findTimesInProse(prose)]
    .sort((a, b) => a.offset - b.offset)
    .map(({ offset: _, ...span }) => span);
}

const startKeys = ['start_time', 'start', 'time', 'timestamp'] as const;
const endKeys = ['end_time', 'end'] as const;
const labelKeys = ['label', 'event', 'description', 'action', 'caption'] as const;

function* jsonSpans(value: unknown): Generator<TimeSpan> {
  for (const object of objectsWithin(value)) {
    const read = (keys: readonly string[]) => spanOf(keys.map((key) => object[key]).find((entry) => entry != null));
    const from = read(startKeys);
    const to = read(endKeys);
    const first = from?.start ?? to?.start;
    const last = to?.end ?? from?.end;
    if (first === undefined || last === undefined) continue;
    const label = labelKeys.map((key) => object[key]).find((entry) => typeof entry === 'string') as string | undefined;
    yield { start: Math.min(first, last), end: Math.max(first, last), ...(label !== undefined && { label }) };
  }
}

/** A moment, a stretch in words ("0 - 3 seconds"), or a list of its two ends. */
function spanOf(value: unknown): TimeSpan | undefined {
  if (Array.isArray(value)) {
    const [first, last, ...rest] = value.map((entry) => (Array.isArray(entry) ? undefined : spanOf(entry)));
    return first && last && rest.length === 0 ? { start: first.start, end: last.end } : undefined;
  }
  if (typeof value === 'number') return Number.isFinite(value) && value >= 0 ? { start: value, end: value } : undefined;
  if (typeof value !== 'string') return undefined;
  if (/^\s*\d+(?:\.\d+)?\s*$/.test(value)) return { start: Number(value), end: Number(value) };
  return findTimesInProse(value)[0];
}
