import { dirname, resolve } from 'node:path';
import { type NormalisedMessage, parseMessages } from '@vlmkit/qwen-vl';
import { readJson } from './read-json.js';

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
  const value = await readJson(file, { what: 'messages file', expected: 'a list of {"role", "content"} messages' });
  return { messages: parseMessages(value), baseDirectory: dirname(resolve(file)) };
}
