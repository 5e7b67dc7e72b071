/** Half-open ranges of ids as [start, end, start, end, ...], ascending. */
export type IdRanges = Int32Array;

/**
 * The ids below `vocabularySize` that may be chosen, as ranges: walking them skips banned ids without a look at each.
 *
 * @param options ids banned one by one, and the size of the tokenizer, at and beyond which everything is banned
 */
export function allowedRanges(
  vocabularySize: number,
  options: { readonly bannedIds: readonly number[]; readonly tokenizerSize: number },
): IdRanges {
  const limit = Math.min(vocabularySize, options.tokenizerSize);
  const ranges: number[] = [];
  let start = 0;
  for (const banned of options.bannedIds.toSorted((a, b) => a - b)) {
    if (banned >= limit) break;
    if (banned > start) ranges.push(start, banned);
    start = banned + 1;
  }
  if (start < limit) ranges.push(start, limit);
  return Int32Array.from(ranges);
}
