import { Tokenizer as BpeTokenizer } from '@huggingface/tokenizers';
import { type AbortSignalLike, ConfigError, encodeUtf8, PromptError } from '@vlmkit/core';
import { byteOfCharacter } from './byte-level.js';
import { type ChatRenderer, type ChatTemplates, createChatRenderer, resolveChatTemplates } from './chat-template.js';
import type { ReadyTokenizer } from './ready-tokenizer.js';
import { createSlicedEncoder } from './sliced-encoder.js';
import { createUtf8Decoder } from './utf8.js';

/** Arguments of {@link createTokenizer}. */
export interface TokenizerInput {
  /** Parsed tokenizer.json. */
  readonly tokenizerJson: unknown;
  /** Parsed tokenizer_config.json. */
  readonly tokenizerConfig?: unknown;
  /** The chat template, or several by name, from `resolveChatTemplates`; otherwise that of `tokenizerConfig`. */
  readonly chatTemplate?: string | ChatTemplates;
}

/** Options of encoding. */
export interface EncodeOptions {
  /** `parse`: names of added tokens such as `<|im_end|>` become those tokens. `plain`: they are text like any other (default `parse`). */
  readonly addedTokens?: 'parse' | 'plain';
}

/** Options of encoding with pauses. */
export interface SlicedEncodeOptions extends EncodeOptions {
  /** Looked at after every pause. */
  readonly signal?: AbortSignalLike | undefined;
}

/** Options of decoding. */
export interface DecodeOptions {
  /** Leave special tokens such as `<|im_end|>` out of the text (default false). */
  readonly skipSpecialTokens?: boolean | undefined;
}

/** Text to token ids and back, as Hugging Face's tokenizers do it. */
export interface Tokenizer {
  /** Token ids of a text. Nothing is added before or after it. */
  encode(text: string, options?: EncodeOptions): number[];
  /**
   * The same ids, computed with pauses in which timers and requests get their turn. For texts of any length: `encode` keeps
   * the thread for some milliseconds per 1000 characters.
   *
   * @throws AbortError when the signal is aborted.
   */
  encodeInSlices(text: string, options?: SlicedEncodeOptions): Promise<number[]>;
  /**
   * The text of token ids; bytes that are not UTF-8 become U+FFFD, ids beyond the vocabulary (models pad it) nothing.
   */
  decode(ids: Iterable<number>, options?: DecodeOptions): string;
  /** The UTF-8 bytes of one token: part of a character, perhaps. Empty for an id beyond the vocabulary. Do not modify. */
  tokenBytes(id: number): Uint8Array;
  /** The id of a token by its name, e.g. `<|image_pad|>`. */
  tokenId(token: string): number | undefined;
  /** Ids of tokens that are not text: roles, pictures, boxes, padding. */
  readonly specialIds: ReadonlySet<number>;
  /** Ids of all added tokens by name, special or not. */
  readonly addedTokens: ReadonlyMap<string, number>;
  /** Largest id + 1. A model's own vocabulary may be padded beyond it. */
  readonly vocabularySize: number;
  /**
   * Renders a conversation as the prompt's text.
   *
   * @throws ConfigError when the checkpoint has no chat template; PromptError when the conversation does not fit it.
   */
  readonly applyChatTemplate: ChatRenderer;
}

/**
 * Creates the tokenizer of a checkpoint.
 *
 * @throws ConfigError when tokenizer.json does not describe a byte-level BPE, as all of Qwen's do, or a template does not parse.
 */
export function createTokenizer(input: TokenizerInput): Tokenizer {
  return presentTokenizer(buildBpe(input), input);
}

/**
 * The library's tokenizer of a checkpoint.
 *
 * @throws ConfigError as {@link createTokenizer} does.
 */
export function buildBpe({ tokenizerJson, tokenizerConfig = {} }: TokenizerInput): ReadyTokenizer {
  const config = record(tokenizerConfig, 'tokenizer_config.json');
  const json = withConfiguredTokens(record(tokenizerJson, 'tokenizer.json'), config);
  requireByteLevel(json);
  return buildTokenizer(json, config);
}

/** The library's tokenizer, its vocabulary complete, in the form that vlmkit uses. */
export function presentTokenizer(
  bpe: ReadyTokenizer,
  { tokenizerConfig = {}, chatTemplate }: Omit<TokenizerInput, 'tokenizerJson'>,
): Tokenizer {
  const config = record(tokenizerConfig, 'tokenizer_config.json');
  const { model } = bpe;
  const added = [...bpe.get_added_tokens_decoder().values()];
  const addedIds = new Map(added.map(({ content, id }) => [content, id]));
  const namedIds = Object.values(specialTokenNames(config)).flatMap((name) => addedIds.get(name) ?? []);
  const specialIds = new Set([...added.flatMap(({ special, id }) => (special ? [id] : [])), ...namedIds]);
  const templates = typeof chatTemplate === 'string' ? { default: chatTemplate } : chatTemplate;
  const tokenBytes = createByteLookup(model.vocab, addedIds);

  const encodePlain = (text: string): number[] => {
    const normalized = bpe.normalizer === null ? text : bpe.normalizer.normalize(text);
    const words = bpe.pre_tokenizer === null ? [normalized] : bpe.pre_tokenizer.pre_tokenize(normalized);
    return model.encode(words).map((token) => model.tokens_to_ids.get(token)!);
  };
  const encodeInSlices = createSlicedEncoder(bpe);
  return {
    encode(text, { addedTokens = 'parse' } = {}) {
      requireText(text);
      return addedTokens === 'plain' ? encodePlain(text) : bpe.encode(text, { add_special_tokens: false }).ids;
    },
    async encodeInSlices(text, options = {}) {
      requireText(text);
      return encodeInSlices(text, options);
    },
    decode(ids, { skipSpecialTokens = false } = {}) {
      const utf8 = createUtf8Decoder();
      let text = '';
      for (const id of ids) if (!(skipSpecialTokens && specialIds.has(id))) text += utf8.push(tokenBytes(id));
      return text + utf8.flush();
    },
    tokenBytes,
    tokenId: (token) => model.tokens_to_ids.get(token),
    specialIds,
    addedTokens: addedIds,
    vocabularySize: model.vocab.length,
    applyChatTemplate: createChatRenderer(
      templates ?? resolveChatTemplates({ tokenizerConfig: config }),
      specialTokenNames(config),
    ),
  };
}

function requireText(text: unknown): void {
  if (typeof text === 'string') return;
  throw new PromptError('Only text can be encoded.', { expected: 'a string', actual: typeof text });
}

type Json = Readonly<Record<string, unknown>>;

function record(value: unknown, file: string): Json {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Json;
  throw new ConfigError(`${file} cannot be used.`, {
    expected: 'a JSON object',
    actual: Array.isArray(value) ? 'a list' : typeof value,
  });
}

/** tokenizer.json with the tokens that only tokenizer_config.json lists, as older checkpoints do. */
function withConfiguredTokens(json: Json, config: Json): Json {
  const listed = (Array.isArray(json.added_tokens) ? json.added_tokens : []) as readonly { readonly id: number }[];
  const known = new Set(listed.map(({ id }) => id));
  const configured = Object.entries((config.added_tokens_decoder ?? {}) as Readonly<Record<string, object>>)
    .map(([id, token]) => ({ ...token, id: Number(id) }))
    .filter(({ id }) => !known.has(id));
  return { normalizer: null, post_processor: null, ...json, added_tokens: [...listed, ...configured] };
}

function requireByteLevel(json: Json): void {
  const [model, decoder] = [json.model, json.decoder].map((part) => (part as { readonly type?: string } | null)?.type);
  if (model === 'BPE' && decoder === 'ByteLevel') return;
  throw new ConfigError('tokenizer.json describes a tokenizer that vlmkit does not run.', {
    expected: 'a BPE model with a ByteLevel decoder, as all Qwen models have',
    actual: `model ${model ?? 'missing'}, decoder ${decoder ?? 'missing'}`,
  });
}

function buildTokenizer(json: Json, config: Json): ReadyTokenizer {
  try {
    return new BpeTokenizer(json, config) as unknown as ReadyTokenizer;
  } catch (cause) {
    throw new ConfigError('tokenizer.json cannot be used.', {
      actual: cause instanceof Error ? `"${cause.message}"` : String(cause),
      remedy: 'Download the file again; it may be cut off.',
      cause,
    });
  }
}

/** `bos_token`, `eos_token` and so on, each a string or `{ content }`. */
function specialTokenNames(config: Json): Readonly<Record<string, string>> {
  const names = ['bos_token', 'eos_token', 'pad_token', 'unk_token'].flatMap((key) => {
    const value = config[key];
    const name =
      typeof value === 'string' ? value : (value as { readonly content?: unknown } | null | undefined)?.content;
    return typeof name === 'string' ? [[key, name] as const] : [];
  });
  return Object.fromEntries(names);
}

function createByteLookup(
  vocabulary: readonly (string | undefined)[],
  added: ReadonlyMap<string, number>,
): Tokenizer['tokenBytes'] {
  const byteOf = byteOfCharacter();
  const addedIds = new Set(added.values());
  const cache = new Map<number, Uint8Array>();
  return (id) => {
    const known = cache.get(id);
    if (known !== undefined) return known;
    const token = vocabulary[id] ?? '';
    const values = addedIds.has(id) ? [] : Array.from(token, (character) => byteOf.get(character));
    // An added token is written as it is, and so is anything that no byte-level vocabulary would hold.
    const bytes =
      addedIds.has(id) || values.includes(undefined) ? encodeUtf8(token) : Uint8Array.from(values as readonly number[]);
    cache.set(id, bytes);
    return bytes;
  };
}
