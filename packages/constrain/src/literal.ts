/** Text as a terminal of a grammar in the library's EBNF. */
export function literal(text: string): string {
  return `"${literalPart(text)}"`;
}

/** Text as it stands within a terminal. */
export function literalPart(text: string): string {
  return text.replace(/["\\]/g, '\\$&');
}
