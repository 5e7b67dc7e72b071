/** The tokens of a tokenizer. The `Tokenizer` of `@vlmkit/tokenizer` is one. */
export interface Vocabulary {
  /** Largest id + 1. */
  readonly vocabularySize: number;
  /** The bytes of a token's text; empty for an unused id. */
  tokenBytes(id: number): Uint8Array;
  /** Tokens that are not text, such as `<|im_start|>`: never allowed, whatever their names. */
  readonly specialIds: ReadonlySet<number>;
}

/** The bytes of many tokens in one array, cheap to hand to another thread. */
export interface PackedVocabulary {
  /** The tokens' bytes, one after another. */
  readonly bytes: Uint8Array;
  /** [tokens + 1]: token i lies from `offsets[i]` to `offsets[i + 1]`. Empty tokens are never allowed. */
  readonly offsets: Uint32Array;
}

/** Packs the tokens of ids `start` to `end`. Special ones, and bytes that no UTF-8 text holds, become empty. */
export function packVocabulary(vocabulary: Vocabulary, start = 0, end = vocabulary.vocabularySize): PackedVocabulary {
  const tokens: Uint8Array[] = [];
  for (let id = start; id < end; id++) {
    const bytes = vocabulary.tokenBytes(id);
    tokens.push(vocabulary.specialIds.has(id) || bytes.some(isNeverUtf8) ? new Uint8Array(0) : bytes);
  }
  const offsets = new Uint32Array(tokens.length + 1);
  for (const [i, token] of tokens.entries()) offsets[i + 1] = offsets[i]! + token.length;
  const bytes = new Uint8Array(offsets[tokens.length]!);
  for (const [i, token] of tokens.entries()) bytes.set(token, offsets[i]!);
  return { bytes, offsets };
}

/** 0xC0 and 0xC1 would start overlong forms, 0xF5 and up characters beyond Unicode (RFC 3629, section 1). */
function isNeverUtf8(byte: number): boolean {
  return byte === 0xc0 || byte === 0xc1 || byte >= 0xf5;
}

/**
 * Tokens as byte-level strings, one printable character for each byte (Radford et al., "Language Models are
 * Unsupervised Multitask Learners", 2019, section 2.2): the form in which the grammar library takes tokens that are
 * not whole characters.
 */
export function byteLevelTokens({ bytes, offsets }: PackedVocabulary): string[] {
  const characters = byteLevelCharacters();
  return Array.from({ length: offsets.length - 1 }, (_, i) => {
    let token = '';
    for (let at = offsets[i]!; at < offsets[i + 1]!; at++) token += characters[bytes[at]!]!;
    return token;
  });
}

/** The character that stands for each byte: printable Latin-1 for itself, the others from U+0100 up, in order. */
function byteLevelCharacters(): readonly string[] {
  const isPrintable = (byte: number) => (byte > 0x20 && byte < 0x7f) || (byte > 0xa0 && byte !== 0xad);
  let next = 0x100;
  return Array.from({ length: 256 }, (_, byte) => String.fromCharCode(isPrintable(byte) ? byte : next++));
}
