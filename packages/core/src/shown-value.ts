/** A value as messages show it: text in quotes, so that '0.5' is not taken for a number. */
export function shownValue(value: unknown): string {
  const isPlain = typeof value !== 'string' && (typeof value !== 'object' || value === null);
  return isPlain ? String(value) : JSON.stringify(value);
}
