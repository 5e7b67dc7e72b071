import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { PromptError } from '@vlmkit/core';
import { type NormalisedMessage, parseMessages } from '@vlmkit/qwen-vl';

/** Messages with the folder that their relative paths start from. */
export interface MessagesFile {
  readonly messages: readonly NormalisedMessage[];
  readonly baseDirectory: string;
}

/**
 * Reads a conversation from a JSON file.
 *
 * @throws PromptError when it cannot be read, is not JSON, or is no conversation.
 */
export async function readMessages(file: string): Promise<MessagesFile> {
  const path = resolve(file);
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (cause) {
    throw new PromptError(`The messages file ${file} cannot be read.`, { remedy: 'Check the path.', cause });
  }
  return { messages: parseMessages(parseJson(text, file)), baseDirectory: dirname(path) };
}

function parseJson(text: string, file: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new PromptError(`${file} is not JSON.`, {
      expected: 'a list of {"role", "content"} messages',
      actual: reason,
      cause,
    });
  }
}
