/** A copy of a JSON value whose strings, keys too, have gone through `change`. */
export function mapStrings<T>(value: T, change: (text: string) => string): T {
  const copy = (inner: unknown): unknown => {
    if (typeof inner === 'string') return change(inner);
    if (Array.isArray(inner)) return inner.map(copy);
    if (typeof inner !== 'object' || inner === null) return inner;
    return Object.fromEntries(Object.entries(inner).map(([key, entry]) => [change(key), copy(entry)]));
  };
  return copy(value) as T;
}

/** The strings of a JSON value, keys too. */
export function stringsOf(value: unknown): readonly string[] {
  const strings: string[] = [];
  mapStrings(value, (text) => {
    strings.push(text);
    return text;
  });
  return strings;
}
