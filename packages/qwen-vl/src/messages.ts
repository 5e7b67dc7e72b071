import { PromptError } from '@vlmkit/core';
import type { ContentPart, ImagePart, MediaFile, TextPart, VideoPart } from './content-parts.js';
import { isRecord } from './known-fields.js';
import { parsePart } from './parse-part.js';

/** A turn of a conversation, in the form that Qwen's own utilities take. */
export interface Message {
  readonly role: 'system' | 'user' | 'assistant' | 'tool';
  /** May be null or absent beside `tool_calls`. */
  readonly content?: string | readonly ContentPart[] | null | undefined;
  /**
   * Calls that an assistant's turn makes: `{ type: 'function', function: { name, arguments } }`. The chat template gets them as
   * they are, and Qwen's write `arguments` as JSON: pass an object, not its text.
   */
  readonly tool_calls?: readonly unknown[] | undefined;
}

/** A message whose pictures and clips all have one form. */
export interface NormalisedMessage {
  readonly role: Message['role'];
  readonly content: string | readonly (TextPart | ImagePart<MediaFile> | VideoPart<MediaFile>)[];
  readonly tool_calls?: readonly unknown[] | undefined;
}

const roles: readonly string[] = ['system', 'user', 'assistant', 'tool'];

/**
 * Checks messages that came from outside (JSON, a request) and brings OpenAI's parts of pictures and clips to Qwen's form.
 *
 * @throws PromptError that names the message and the part at fault.
 */
export function parseMessages(value: unknown): readonly NormalisedMessage[] {
  const expected = 'a list of at least one {"role", "content"} message';
  if (!Array.isArray(value)) throw new PromptError('The conversation is not a list.', { expected });
  if (value.length === 0) throw new PromptError('The conversation is empty.', { expected });
  return value.map(parseMessage);
}

function parseMessage(value: unknown, index: number): NormalisedMessage {
  const where = `Message ${index + 1}`;
  if (!isRecord(value)) throw new PromptError(`${where} is not an object.`, { expected: '{"role", "content"}' });
  const { role } = value;
  if (typeof role !== 'string' || !roles.includes(role)) {
    throw new PromptError(`${where} has no known role.`, { expected: roles.join(', '), actual: JSON.stringify(role) });
  }
  const calls = parseToolCalls(value.tool_calls, where);
  return {
    role: role as Message['role'],
    content: parseContent(value.content ?? (calls?.length ? '' : undefined), where),
    ...(calls && { tool_calls: calls }),
  };
}

function parseContent(content: unknown, where: string): NormalisedMessage['content'] {
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) {
    throw new PromptError(`${where} has no content.`, { expected: 'a string or a list of parts' });
  }
  return content.map((part, i) => parsePart(part, `${where}, part ${i + 1}`));
}

function parseToolCalls(calls: unknown, where: string): readonly unknown[] | undefined {
  if (calls === undefined || calls === null) return undefined;
  if (Array.isArray(calls) && calls.every(isRecord)) return calls;
  throw new PromptError(`${where} has bad tool_calls.`, {
    expected: 'a list of {"type": "function", "function": {"name", "arguments"}}',
    actual: JSON.stringify(calls),
  });
}

/** The text of a message, without its pictures. */
export function textOf({ content }: NormalisedMessage): string {
  if (typeof content === 'string') return content;
  return content.flatMap((part) => (part.type === 'text' ? [part.text] : [])).join(' ');
}
