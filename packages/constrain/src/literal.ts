/** Text as a terminal of a grammar in the library's EBNF. */
export function literal(text: string): string {
  return `"${text.replace(/["\\]/g, '\\$&')}"`;
}
