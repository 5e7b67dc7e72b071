import { PromptError } from '@vlmkit/core';
import type { BlobLike, ImagePart, MediaFile, TextPart, UrlLike, VideoPart } from './content-parts.js';
import { type Fields, isRecord, requireKnownFields } from './known-fields.js';

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

/** Fields of each type of part, beside the type. */
const knownFields: Readonly<Record<string, readonly string[]>> = {
  text: ['text'],
  image: ['image', ...imageNumbers],
  image_url: ['image_url', ...imageNumbers],
  video: ['video', ...videoNumbers],
  video_url: ['video_url', ...videoNumbers],
};

/**
 * Checks one piece of a message and brings it to Qwen's form.
 *
 * @param where names the piece in messages
 * @throws PromptError that names the field at fault
 */
export function parsePart(part: unknown, where: string): TextPart | ImagePart<MediaFile> | VideoPart<MediaFile> {
  if (!isRecord(part)) throw new PromptError(`${where} is not an object.`, { expected: '{"type": …}' });
  requireKnownFields(part, where, { names: ['type', ...fieldsOf(part, where)], style: 'snake_case' });
  switch (part.type) {
    case 'text':
      if (typeof part.text !== 'string') throw new PromptError(`${where} is of type "text" without a text.`);
      return { type: 'text', text: part.text };
    case 'image':
      return { ...numbers(part, imageNumbers, where), type: 'image', image: requireFile(part, 'image', where) };
    case 'image_url':
      return { ...numbers(part, imageNumbers, where), type: 'image', image: requireUrl(part, 'image_url', where) };
    case 'video':
      return { ...numbers(part, videoNumbers, where), type: 'video', video: requireClip(part, where) };
    default:
      return { ...numbers(part, videoNumbers, where), type: 'video', video: requireUrl(part, 'video_url', where) };
  }
}

function fieldsOf(part: Fields, where: string): readonly string[] {
  const known = typeof part.type === 'string' && Object.hasOwn(knownFields, part.type) && knownFields[part.type];
  if (known) return known;
  throw new PromptError(`${where} has an unknown type.`, {
    expected: Object.keys(knownFields).join(', '),
    actual: JSON.stringify(part.type),
  });
}

function numbers<K extends string>(part: Fields, names: readonly K[], where: string): { [N in K]?: number } {
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

function requireFile(part: Fields, field: string, where: string): MediaFile {
  return fileOf(part[field]) ?? missing(where, field);
}

function requireClip(part: Fields, where: string): MediaFile | readonly MediaFile[] {
  const { video } = part;
  if (!Array.isArray(video)) return requireFile(part, 'video', where);
  if (video.length === 0) missing(where, 'video');
  return video.map((frame) => fileOf(frame) ?? missing(where, 'video'));
}

function requireUrl(part: Fields, field: string, where: string): string {
  const value = part[field];
  const url = isRecord(value) && !isUrl(value) ? value.url : value;
  const file = fileOf(url);
  return typeof file === 'string' ? file : missing(where, field);
}

/** A file in one of the forms that a media source gets; undefined for what is none. */
function fileOf(value: unknown): MediaFile | undefined {
  if (typeof value === 'string') return value === '' ? undefined : value;
  if (value instanceof Uint8Array) return value;
  if (value instanceof ArrayBuffer) return new Uint8Array(value);
  if (isUrl(value)) return value.href;
  return isBlob(value) ? value : undefined;
}

function isUrl(value: unknown): value is UrlLike {
  return isRecord(value) && typeof value.href === 'string';
}

function isBlob(value: unknown): value is BlobLike {
  return isRecord(value) && typeof value.size === 'number' && typeof value.arrayBuffer === 'function';
}

function missing(where: string, field: string): never {
  throw new PromptError(`${where} lacks its "${field}".`, {
    expected: field.endsWith('_url')
      ? 'a URL, a data URL or a path, as {"url"} or alone'
      : 'a path, a URL, a data URL, bytes or a Blob',
  });
}
