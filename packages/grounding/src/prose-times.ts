/** A moment or stretch in running text. */
export interface ProseTime {
  readonly start: number;
  readonly end: number;
  readonly offset: number;
}

/** A clock time or a quantity with its unit. */
interface Quantity {
  readonly seconds: number;
  /** Seconds of the unit; undefined for a clock time. */
  readonly unit: number | undefined;
  readonly offset: number;
  readonly stop: number;
  /** A bare `m`, which is metres unless seconds follow. */
  readonly doubtful: boolean;
}

/** Clock times, quantities of time and ranges of either, in order. */
export function findTimesInProse(text: string): readonly ProseTime[] {
  const moments = joinUnits(text, findQuantities(text)).filter(({ doubtful }) => !doubtful);
  const times: ProseTime[] = [];
  for (let i = 0; i < moments.length; i++) {
    const first = moments[i]!;
    const second = moments[i + 1];
    if (second !== undefined && second.seconds >= first.seconds && isRange(text, first, second)) {
      times.push({ start: first.seconds, end: second.seconds, offset: first.offset });
      i += 1;
      continue;
    }
    times.push(rangeBefore(text, first) ?? { start: first.seconds, end: first.seconds, offset: first.offset });
  }
  return times;
}

const unitSeconds: readonly (readonly [names: RegExp, seconds: number])[] = [
  [/^h/i, 3600],
  [/^(?:ms|msec|milli)/i, 0.001],
  [/^m/i, 60],
  [/^s/i, 1],
];

function findQuantities(text: string): readonly Quantity[] {
  // [h:]mm:ss[.s] (subtitles write ,sss), but not 3:30 pm; and numbers with units, but not the decade 1980s.
  const pattern =
    /(?<![\d:.])(?:(\d{1,2}):)?(\d{1,3}):([0-5]\d(?:\.\d+|,\d{3})?)(?![\d:]|\s*[ap]\.?m\b)|(?<![\d.:])(?!\d{4}s)(\d+(?:\.\d+)?)[\s-]?(hours?|hrs?|h|milliseconds?|msecs?|ms|minutes?|mins?|m|seconds?|secs?|s)(?![a-z])/gi;
  return [...text.matchAll(pattern)].map((match) => {
    const [whole, hours = '0', minutes, seconds, value, name] = match;
    const unit = name && unitSeconds.find(([names]) => names.test(name))![1];
    return {
      seconds: unit
        ? Number(value) * unit
        : Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds?.replace(',', '.')),
      unit: unit || undefined,
      offset: match.index,
      stop: match.index + whole.length,
      doubtful: name?.toLowerCase() === 'm',
    };
  });
}

/** Adds quantities of falling units that follow one another: 1 hour, 2 minutes and 3 seconds. */
function joinUnits(text: string, quantities: readonly Quantity[]): readonly Quantity[] {
  const joined: Quantity[] = [];
  for (const quantity of quantities) {
    const last = joined.at(-1);
    const falls = last?.unit !== undefined && quantity.unit !== undefined && quantity.unit < last.unit;
    if (last && falls && /^[\s,]*(?:and\s+)?$/i.test(text.slice(last.stop, quantity.offset))) {
      joined[joined.length - 1] = { ...quantity, seconds: last.seconds + quantity.seconds, offset: last.offset };
    } else {
      joined.push(quantity);
    }
  }
  return joined;
}

const rangeWords = String.raw`(?:-+>?|[–—~→]|(?:up\s+)?to|until|till|through)`;

function isRange(text: string, first: Quantity, second: Quantity): boolean {
  const between = text.slice(first.stop, second.offset);
  if (new RegExp(`^\\s*${rangeWords}\\s*$`, 'i').test(between)) return true;
  return (
    /^\s*and\s*$/i.test(between) && /\bbetween\s+$/i.test(text.slice(Math.max(0, first.offset - 16), first.offset))
  );
}

/** A range whose first number goes without a unit: "3 to 5 seconds", "between 3 and 5 s". */
function rangeBefore(text: string, { seconds, unit, offset }: Quantity): ProseTime | undefined {
  if (unit === undefined) return undefined;
  const from = Math.max(0, offset - 40);
  const pattern = new RegExp(
    `(?<![\\d.:])(?:(\\d+(?:\\.\\d+)?)\\s*${rangeWords}|between\\s+(\\d+(?:\\.\\d+)?)\\s+and)\\s*$`,
    'i',
  );
  const match = pattern.exec(text.slice(from, offset));
  const start = Number(match?.[1] ?? match?.[2]) * unit;
  return match && start <= seconds ? { start, end: seconds, offset: from + match.index } : undefined;
}
