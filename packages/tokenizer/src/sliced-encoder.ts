import { TimeSlices, throwIfAborted } from '@vlmkit/core';
import { encodeLongWord, mergesOnly } from './long-word.js';
import { namePattern } from './name-pattern.js';
import type { PreTokenizer, ReadyTokenizer } from './ready-tokenizer.js';
import type { SlicedEncodeOptions } from './tokenizer.js';

/** Characters between two looks at the clock. */
const charactersPerLook = 512;

/** Longest word, in UTF-16 units, that the library merges in a small part of a slice. */
const longestWord = 1000;

/**
 * Encodes texts as the library does, with pauses in which timers get their turn: 100,000 characters would hold them up for
 * several tenths of a second. The text is walked through word by word, not cut, so that no border can change its tokens.
 */
export function createSlicedEncoder(
  bpe: ReadyTokenizer,
): (text: string, options: SlicedEncodeOptions) => Promise<number[]> {
  const { model, normalizer } = bpe;
  const { pieces, words, bytesOnly } = createWordFinder(bpe.pre_tokenizer);
  const merges = bytesOnly && mergesOnly(model);
  const added = [...bpe.get_added_tokens_decoder().values()];
  const addedIds = new Map(added.map(({ content, id }) => [content, id]));
  const names = namePattern(addedIds.keys());
  const inText = names === undefined ? undefined : new RegExp(names, 'g');
  // What Qwen's tokenizers do not use, the library does alone.
  const unusual =
    bpe.remove_space === true ||
    bpe.do_lowercase_and_remove_accent === true ||
    added.some(({ lstrip, rstrip, normalized }) => lstrip || rstrip || normalized);
  const slices = new TimeSlices();

  return async (text, { addedTokens = 'parse', signal }) => {
    const look = async () => {
      await slices.pause();
      throwIfAborted(signal);
    };
    await look();
    const parse = addedTokens === 'parse';
    if (parse && unusual) return bpe.encode(text, { add_special_tokens: false }).ids;
    const ids: number[] = [];
    let unlooked = 0;
    const due = (characters: number): boolean => {
      unlooked += characters;
      if (unlooked < charactersPerLook) return false;
      unlooked = 0;
      return true;
    };
    for (const section of cut(text, parse ? inText : undefined)) {
      const id = parse ? addedIds.get(section) : undefined;
      if (id !== undefined) {
        ids.push(id);
        if (due(section.length)) await look();
        continue;
      }
      for (const piece of pieces(normalizer?.normalize(section) ?? section)) {
        if (merges && piece.length > longestWord) {
          for (const id of await encodeLongWord(piece, { model, look })) ids.push(id);
          continue;
        }
        for (const word of words(piece)) {
          for (const token of model.encode([word])) ids.push(model.tokens_to_ids.get(token)!);
          if (due(word.length)) await look();
        }
      }
    }
    return ids;
  };
}

/** A pre-tokenizer, taken apart as far as it can be used step by step. */
interface WordFinder {
  /** A text cut, lazily where that is possible. */
  pieces(text: string): Iterable<string>;
  /** The words of a piece. */
  words(piece: string): readonly string[];
  /** A piece is one word, that of its UTF-8 bytes. */
  readonly bytesOnly: boolean;
}

function createWordFinder(whole: PreTokenizer | null): WordFinder {
  if (whole === null) return { pieces: (text) => [text], words: (piece) => [piece], bytesOnly: false };
  const [first, ...rest] = whole.tokenizers ?? [];
  const pattern = first?.config?.type === 'Split' ? first.pattern : undefined;
  if (!pattern || first!.config?.invert || first!.config?.behavior?.toLowerCase() === 'removed') {
    return { pieces: (text) => [text], words: (piece) => whole.pre_tokenize(piece), bytesOnly: false };
  }
  const [bytes, ...more] = rest.map((next) => next?.config);
  return {
    pieces: (text) => cut(text, pattern),
    words: (piece) => rest.reduce<string[]>((words, next) => next?.pre_tokenize(words) ?? words, [piece]),
    bytesOnly: bytes?.type === 'ByteLevel' && bytes.use_regex === false && !bytes.add_prefix_space && more.length === 0,
  };
}

/** What a pattern matches and what lies between, one after the other; nothing that is empty. */
function* cut(text: string, pattern: RegExp | undefined): Generator<string> {
  let from = 0;
  for (const match of pattern ? text.matchAll(pattern) : []) {
    if (from < match.index) yield text.slice(from, match.index);
    if (match[0] !== '') yield match[0];
    from = match.index + match[0].length;
  }
  if (from < text.length) yield text.slice(from);
}
