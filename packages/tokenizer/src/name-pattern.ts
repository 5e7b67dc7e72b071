/**
 * The source of a pattern that finds names of added tokens, of several that begin at one place the longest; undefined when there
 * are none.
 */
export function namePattern(names: Iterable<string>): string | undefined {
  const longestFirst = [...names].filter((name) => name !== '').sort((a, b) => b.length - a.length);
  if (longestFirst.length === 0) return undefined;
  return longestFirst.map((name) => name.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')).join('|');
}
