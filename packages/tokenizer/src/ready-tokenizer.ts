/*
 * What is used of the library's tokenizer, whose own type declarations do not resolve under NodeNext.
 */

/** The library's tokenizer of a checkpoint. */
export interface ReadyTokenizer {
  readonly normalizer: { normalize(text: string): string } | null;
  readonly pre_tokenizer: PreTokenizer | null;
  readonly model: BpeModel;
  /** White space in a text is joined before it is encoded. */
  readonly remove_space?: boolean;
  readonly do_lowercase_and_remove_accent?: boolean;
  encode(text: string, options: { readonly add_special_tokens: boolean }): { readonly ids: number[] };
  get_added_tokens_decoder(): ReadonlyMap<number, AddedToken>;
}

/** Cuts texts into words, no token of which reaches into another. */
export interface PreTokenizer {
  pre_tokenize(text: string | readonly string[]): string[];
  readonly config?: {
    readonly type?: string;
    /** Of `Split`. */
    readonly behavior?: string;
    /** Of `Split`. */
    readonly invert?: boolean;
    /** Of `ByteLevel`. */
    readonly add_prefix_space?: boolean;
    /** Of `ByteLevel`. */
    readonly use_regex?: boolean;
  };
  /** Of `Split`: what a word is. */
  readonly pattern?: RegExp | null;
  /** Of `Sequence`: each cuts the words of the one before. */
  readonly tokenizers?: readonly (PreTokenizer | null)[];
}

/** Byte-pair encoding of words. */
export interface BpeModel {
  /** Tokens by id, with holes where ids are unused. */
  readonly vocab: (string | undefined)[];
  readonly tokens_to_ids: Map<string, number>;
  /** Rank of every merge by its pair as JSON. */
  readonly bpe_ranks: Map<string, number>;
  readonly unk_token?: string | null;
  readonly end_of_word_suffix?: string | null;
  readonly continuing_subword_suffix?: string | null;
  readonly byte_fallback?: boolean;
  readonly ignore_merges?: boolean;
  encode(words: readonly string[]): readonly string[];
}

/** A token that is found in texts by its name. */
export interface AddedToken {
  readonly id: number;
  readonly content: string;
  readonly special: boolean;
  /** Takes the white space before it along. */
  readonly lstrip: boolean;
  /** Takes the white space after it along. */
  readonly rstrip: boolean;
  /** Is looked for after the text has been normalised. */
  readonly normalized: boolean;
}
