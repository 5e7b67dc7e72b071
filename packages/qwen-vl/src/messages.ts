import { PromptError } from '@vlmkit/core';

/** How a picture or clip is scaled before the model sees it, in pixels of area or of side. */
export interface PixelLimits {
  readonly min_pixels?: number;
  readonly max_pixels?: number;
  readonly resized_height?: number;
  readonly resized_width?: number;
}

/** Plain text. */
export interface TextPart {
  readonly type: 'text';
  readonly text: string;
}

/** A picture: a path, a URL, a data URL, or the bytes of a file. */
export interface ImagePart extends PixelLimits {
  readonly type: 'image';
  readonly image: string | Uint8Array;
}

/** A clip: a path or URL of a video, or the paths of its frames in order. */
export interface VideoPart extends PixelLimits {
  readonly type: 'video';
  readonly video: string | readonly string[] | Uint8Array;
  /** Frames per second to sample (default 2). */
  readonly fps?: number;
  /** Frames to sample; excludes `fps`. */
  readonly nframes?: number;
  readonly min_frames?: number;
  readonly max_frames?: number;
  /** Most pixels of all frames together. */
  readonly total_pixels?: number;
  /** Seconds into the file. */
  readonly video_start?: number;
  readonly video_end?: number;
  /** Rate that a list of frames was sampled at, in frames per second (default 2). */
  readonly sample_fps?: number;
}

/** OpenAI's form of a picture. */
export interface ImageUrlPart {
  readonly type: 'image_url';
  readonly image_url: string | { readonly url: string };
}

/** One piece of a message. */
export type ContentPart = TextPart | ImagePart | VideoPart | ImageUrlPart;

/** A turn of a conversation, in the form that Qwen's own utilities take. */
export interface Message {
  readonly role: 'system' | 'user' | 'assistant' | 'tool';
  /** May be null or absent beside `tool_calls`. */
  readonly content?: string | readonly ContentPart[] | null;
  /**
   * Calls that an assistant's turn makes: `{ type: 'function', function: { name, arguments } }`. The chat template gets them as
   * they are, and Qwen's write `arguments` as JSON: pass an object, not its text.
   */
  readonly tool_calls?: readonly unknown[];
}

/** A message whose pictures all have one form. */
export interface NormalisedMessage {
  readonly role: Message['role'];
  readonly content: string | readonly (TextPart | ImagePart | VideoPart)[];
  readonly tool_calls?: readonly unknown[];
}

const roles: readonly string[] = ['system', 'user', 'assistant', 'tool'];

/**
 * Checks messages that came from outside (JSON, a request) and brings OpenAI's picture parts to Qwen's form.
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

function parsePart(part: unknown, where: string): TextPart | ImagePart | VideoPart {
  if (!isRecord(part)) throw new PromptError(`${where} is not an object.`, { expected: '{"type": …}' });
  switch (part.type) {
    case 'text':
      if (typeof part.text !== 'string') throw new PromptError(`${where} is of type "text" without a text.`);
      return { type: 'text', text: part.text };
    case 'image':
      if (!isReference(part.image)) throw missing(where, 'image');
      return { ...numbers(part, imageNumbers, where), type: 'image', image: part.image };
    case 'image_url':
      return { ...numbers(part, imageNumbers, where), type: 'image', image: imageUrl(part.image_url, where) };
    case 'video':
      if (!isReference(part.video) && !isFrameList(part.video)) throw missing(where, 'video');
      return { ...numbers(part, videoNumbers, where), type: 'video', video: part.video };
    default:
      throw new PromptError(`${where} has an unknown type.`, {
        expected: 'text, image, image_url or video',
        actual: JSON.stringify(part.type),
      });
  }
}

/** The text of a message, without its pictures. */
export function textOf({ content }: NormalisedMessage): string {
  if (typeof content === 'string') return content;
  return content.flatMap((part) => (part.type === 'text' ? [part.text] : [])).join(' ');
}

const imageNumbers = ['min_pixels', 'max_pixels', 'resized_height', 'resized_width'] as const;
const videoNumbers = [
  ...imageNumbers,
  'fps',
  'nframes',
  'min_frames',
  'max_frames',
  'total_pixels',
  'video_start',
  'video_end',
  'sample_fps',
] as const;

function numbers<K extends string>(
  part: Record<string, unknown>,
  names: readonly K[],
  where: string,
): { [N in K]?: number } {
  const found: { [N in K]?: number } = {};
  for (const name of names) {
    const value = part[name];
    if (value === undefined || value === null) continue;
    if (typeof value !== 'number' || !Number.isFinite(value) || value < 0) {
      throw new PromptError(`${where} has a bad ${name}.`, {
        expected: 'a number of at least 0',
        actual: JSON.stringify(value),
      });
    }
    found[name] = value;
  }
  return found;
}

function imageUrl(value: unknown, where: string): string {
  const url = isRecord(value) ? value.url : value;
  if (typeof url !== 'string') throw missing(where, 'image_url');
  return url;
}

function missing(where: string, field: string): PromptError {
  return new PromptError(`${where} lacks its "${field}".`, { expected: 'a path, a URL, a data URL or bytes' });
}

function isReference(value: unknown): value is string | Uint8Array {
  return (typeof value === 'string' && value.length > 0) || value instanceof Uint8Array;
}

function isFrameList(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.length > 0 && value.every((frame) => typeof frame === 'string');
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
