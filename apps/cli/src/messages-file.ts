import { dirname, resolve } from 'node:path';
import { type NormalisedMessage, parseMessages } from '@vlmkit/qwen-vl';
import { readJson } from './read-json.js';

/** Messages with the folder that their relative paths start from. */
export interface MessagesFile {
  readonly messages: readonly NormalisedMessage[];
  readonly baseDirectory: string;
}

/**
 * Reads a conversation from a JSON file, or from standard input for `-`: a list of messages, or an object that holds one as
 * `messages`, as requests to OpenAI's interface do.
 *
 * @throws PromptError when it cannot be read, is not JSON, or is no conversation.
 */
export async function readMessages(file: string): Promise<MessagesFile> {
  const value = await readJson(file, { what: 'messages file', expected: 'a list of {"role", "content"} messages' });
  return {
    messages: parseMessages(listIn(value)),
    baseDirectory: file === '-' ? process.cwd() : dirname(resolve(file)),
  };
}

function listIn(value: unknown): unknown {
  const hasList = typeof value === 'object' && value !== null && 'messages' in value;
  return hasList ? value.messages : value;
}
