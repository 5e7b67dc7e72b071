import { PromptError } from '@vlmkit/core';
import { mapStrings, stringsOf } from './json-strings.js';

/** One part of a message, as Qwen's own utilities and OpenAI's API write it. Fields that a template does not read are ignored. */
export interface ContentPart {
  /** `text`, `image`, `image_url` or `video`. */
  readonly type: string;
  /** Of a text part. */
  readonly text?: string | undefined;
  /** Of an image part: a path, URL, data URL, or whatever the preprocessor takes. */
  readonly image?: unknown;
  /** Of an image_url part: a URL or `{ url }`. */
  readonly image_url?: unknown;
  /** Of a video part: a path or a list of frames. */
  readonly video?: unknown;
}

/** One turn of a conversation. */
export interface ChatMessage {
  /** `system`, `user`, `assistant` or `tool`. */
  readonly role: string;
  /** Text, or parts in the order in which the model reads them. May be absent beside `tool_calls`. */
  readonly content?: string | readonly ContentPart[] | null | undefined;
  /** Calls that an assistant's turn makes, in OpenAI's shape. */
  readonly tool_calls?: readonly unknown[] | undefined;
}

const partTypes: readonly string[] = ['text', 'image', 'image_url', 'video'];

/**
 * Checks a conversation before a template sees it: templates drop what they do not know without a word.
 *
 * @throws PromptError when it is empty, or a message or part is malformed or of an unknown type.
 */
export function checkMessages(messages: readonly ChatMessage[]): void {
  if (!Array.isArray(messages) || messages.length === 0) {
    throw new PromptError('A conversation needs at least one message.', {
      expected: 'a list of { role, content }',
      actual: Array.isArray(messages) ? 'an empty list' : typeof messages,
    });
  }
  messages.forEach((message, index) => {
    const where = `Message ${index + 1}`;
    if (typeof message?.role !== 'string' || message.role === '') {
      throw new PromptError(`${where} has no role.`, {
        expected: 'a role: system, user, assistant or tool',
        actual: JSON.stringify(message?.role) ?? 'none',
      });
    }
    const { content } = message;
    if (typeof content === 'string' || (content == null && message.tool_calls !== undefined)) return;
    if (!Array.isArray(content)) {
      throw new PromptError(`${where} has no content.`, {
        expected: 'a string or a list of parts',
        actual: content == null ? 'none' : typeof content,
      });
    }
    for (const part of content as readonly ContentPart[]) checkPart(part, where);
  });
}

function checkPart(part: ContentPart, where: string): void {
  if (!partTypes.includes(part?.type)) {
    throw new PromptError(`${where} has a part of unknown type.`, {
      expected: `one of ${partTypes.join(', ')}`,
      actual: JSON.stringify(part?.type) ?? 'no type',
    });
  }
  if (part.type === 'text' && typeof part.text !== 'string') {
    throw new PromptError(`${where} has a text part without text.`, {
      expected: '{ type: "text", text: string }',
      actual: `text of type ${typeof part.text}`,
    });
  }
}

/** A copy of the messages whose texts have gone through `change`: those of their content and all that their other fields hold. */
export function mapTexts(messages: readonly ChatMessage[], change: (text: string) => string): readonly ChatMessage[] {
  return messages.map(({ content, ...fields }) => {
    const changed = mapStrings(fields, change);
    if (content == null) return { ...changed, content: null };
    if (typeof content === 'string') return { ...changed, content: change(content) };
    const parts = content.map((part) => (part.text === undefined ? part : { ...part, text: change(part.text) }));
    return { ...changed, content: parts };
  });
}

/** The texts of one message that a template may write: of its content and its other fields. */
export function textsOf({ content, ...fields }: ChatMessage): readonly string[] {
  if (typeof content === 'string') return [content, ...stringsOf(fields)];
  const texts = content?.flatMap((part) => (part.text === undefined ? [] : [part.text])) ?? [];
  return [...texts, ...stringsOf(fields)];
}
