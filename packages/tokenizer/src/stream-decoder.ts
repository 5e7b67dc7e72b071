import type { DecodeOptions, Tokenizer } from './tokenizer.js';
import { createUtf8Decoder } from './utf8.js';

/** Turns tokens into text as they are generated. */
export interface StreamDecoder {
  /** Text that this token completes; empty while a character is unfinished. Never changes later. */
  push(id: number): string;
  /** What remains at the end: U+FFFD for an unfinished character, or nothing. The decoder starts over. */
  flush(): string;
}

/**
 * A decoder for one stream of tokens, such as one answer. All pieces joined, `flush()` included, equal `tokenizer.decode` of all
 * tokens; each token is decoded once.
 */
export function createStreamDecoder(
  tokenizer: Pick<Tokenizer, 'tokenBytes' | 'specialIds'>,
  { skipSpecialTokens = false }: DecodeOptions = {},
): StreamDecoder {
  const utf8 = createUtf8Decoder();
  return {
    push(id) {
      if (skipSpecialTokens && tokenizer.specialIds.has(id)) return '';
      return utf8.push(tokenizer.tokenBytes(id));
    },
    flush: () => utf8.flush(),
  };
}
