/** A stretch of a text, in UTF-16 units. */
export interface TextRange {
  readonly offset: number;
  readonly end: number;
}

/** A text with spaces in place of some stretches, so that what remains keeps its place. */
export function blankOut(text: string, ranges: readonly TextRange[]): string {
  let blanked = '';
  for (const { offset, end } of ranges.toSorted((a, b) => a.offset - b.offset)) {
    if (end <= blanked.length) continue;
    blanked += text.slice(blanked.length, offset);
    blanked += ' '.repeat(end - blanked.length);
  }
  return blanked + text.slice(blanked.length);
}
