import { ConfigError, TimeSlices } from '@vlmkit/core';
import { resolveChatTemplates } from './chat-template.js';
import { entriesPerLook, type SplitTokenizerJson, splitTokenizerJson } from './split-tokenizer-json.js';
import { buildBpe, createTokenizer, presentTokenizer, type Tokenizer, type TokenizerInput } from './tokenizer.js';

/** Reads one text file of a checkpoint; undefined when it has no such file. */
export type ReadText = (name: string) => Promise<string | undefined>;

/**
 * Reads a checkpoint's tokenizer and chat template, wherever the checkpoint lies, in pieces between which timers get their
 * turn.
 *
 * @throws ConfigError when tokenizer.json is missing, a file is not JSON, or the tokenizer is of a kind that Qwen does not use.
 */
export async function loadTokenizer(read: ReadText): Promise<Tokenizer> {
  const [tokenizerText, configText, jinja, templateText] = await Promise.all(
    ['tokenizer.json', 'tokenizer_config.json', 'chat_template.jinja', 'chat_template.json'].map(read),
  );
  if (tokenizerText === undefined) {
    throw new ConfigError('The checkpoint has no tokenizer.json.', {
      remedy: 'Download the complete folder of the model; vocab.json and merges.txt alone are not read.',
    });
  }
  const tokenizerConfig = parse('tokenizer_config.json', configText);
  const chatTemplate = resolveChatTemplates({
    jinja,
    json: parse('chat_template.json', templateText),
    tokenizerConfig,
  });
  const input = { tokenizerConfig, chatTemplate };
  const slices = new TimeSlices();
  const split = await splitTokenizerJson(tokenizerText, slices);
  const tokenizer = split && (await fillTokenizer(split, input, slices));
  return tokenizer ?? createTokenizer({ ...input, tokenizerJson: parse('tokenizer.json', tokenizerText) });
}

/**
 * Builds the library's tokenizer without a vocabulary and fills that in afterwards, which the library does in one go.
 *
 * @returns undefined where the library takes more from the vocabulary than is filled in here
 */
async function fillTokenizer(
  { json, tokens, merges }: SplitTokenizerJson,
  input: Omit<TokenizerInput, 'tokenizerJson'>,
  slices: TimeSlices,
): Promise<Tokenizer | undefined> {
  const bpe = buildBpe({ ...input, tokenizerJson: json });
  const { model } = bpe;
  if (typeof model.unk_token === 'string') return undefined;
  for (const [count, [token, id]] of tokens.entries()) {
    // Added tokens are there already, and go before those of the vocabulary.
    if (!model.tokens_to_ids.has(token)) model.tokens_to_ids.set(token, id);
    model.vocab[id] ??= token;
    if (count % entriesPerLook === 0) await slices.pause();
  }
  for (const [rank, pair] of merges.entries()) {
    model.bpe_ranks.set(JSON.stringify(pair), rank);
    if (rank % entriesPerLook === 0) await slices.pause();
  }
  return presentTokenizer(bpe, input);
}

function parse(name: string, text: string | undefined): unknown {
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    throw new ConfigError(`${name} is not JSON.`, {
      actual: cause instanceof Error ? `"${cause.message}"` : String(cause),
      remedy: 'Download the file again; it may be cut off, or a pointer to a file that was not fetched.',
      cause,
    });
  }
}
