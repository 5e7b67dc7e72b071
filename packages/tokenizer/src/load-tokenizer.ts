import { ConfigError } from '@vlmkit/core';
import { resolveChatTemplates } from './chat-template.js';
import { createTokenizer, type Tokenizer } from './tokenizer.js';

/** Reads one text file of a checkpoint; undefined when it has no such file. */
export type ReadText = (name: string) => Promise<string | undefined>;

/**
 * Reads a checkpoint's tokenizer and chat template, wherever the checkpoint lies.
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
  return createTokenizer({
    tokenizerJson: parse('tokenizer.json', tokenizerText),
    tokenizerConfig,
    chatTemplate: resolveChatTemplates({ jinja, json: parse('chat_template.json', templateText), tokenizerConfig }),
  });
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
