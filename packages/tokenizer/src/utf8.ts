// Every platform has it; the types of Node and the DOM stay out of portable packages.
declare const TextDecoder: new (
  label: 'utf-8',
  options: { readonly ignoreBOM: boolean },
) => { decode(bytes?: Uint8Array, options?: { readonly stream: boolean }): string };

/** Decodes UTF-8 that arrives in pieces; malformed sequences become U+FFFD. */
export interface Utf8Decoder {
  /** The text that is complete so far; bytes of an unfinished character are kept for the next piece. */
  push(bytes: Uint8Array): string;
  /** What an unfinished character leaves: U+FFFD, or nothing. The decoder starts over. */
  flush(): string;
}

/** Creates a decoder that keeps a byte order mark as the character it is. */
export function createUtf8Decoder(): Utf8Decoder {
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  return { push: (bytes) => decoder.decode(bytes, { stream: true }), flush: () => decoder.decode() };
}
