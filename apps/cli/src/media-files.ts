import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { MediaError } from '@vlmkit/core';
import type { ContentPart, Message } from '@vlmkit/qwen-vl';

/** Where relative paths start, and what to tell whoever gave a wrong one. */
export interface MediaFileOptions {
  /** Folder that relative paths start from (default: the working directory). */
  readonly baseDirectory?: string;
  readonly remedy?: string;
}

/**
 * Checks that the files of pictures and clips are there, before a model is loaded for them.
 *
 * @throws MediaError for the first that cannot be read.
 */
export async function requireMedia(messages: readonly Message[], options: MediaFileOptions = {}): Promise<void> {
  const { baseDirectory = process.cwd(), remedy = 'Check the path.' } = options;
  for (const source of messages.flatMap(mediaOf)) {
    const path = localPath(source, baseDirectory);
    const problem = path === undefined ? undefined : await problemOf(path);
    if (problem === undefined) continue;
    throw new MediaError(`${source || 'The empty path'} cannot be read.`, {
      expected: 'the path of a picture or clip, an http(s) URL or a data URL',
      actual: problem,
      remedy,
    });
  }
}

/** The local files that messages show. */
export function mediaPaths(messages: readonly Message[], baseDirectory = process.cwd()): readonly string[] {
  const paths = messages.flatMap(mediaOf).map((source) => localPath(source, baseDirectory));
  return paths.filter((path) => path !== undefined);
}

/** Whether a message, such as an error's, names the file of a part. */
export function isNamedIn(text: string, part: ContentPart): boolean {
  return sourcesOf(part).some((source) => {
    const path = localPath(source, process.cwd());
    return path !== undefined && text.includes(path);
  });
}

/** Paths and URLs of a message. */
function mediaOf({ content }: Message): readonly unknown[] {
  return Array.isArray(content) ? content.flatMap(sourcesOf) : [];
}

function sourcesOf(part: ContentPart): readonly unknown[] {
  if (part.type === 'image') return [part.image];
  if (part.type === 'video') return [part.video].flat();
  if (part.type === 'image_url') return [typeof part.image_url === 'string' ? part.image_url : part.image_url.url];
  return [];
}

function localPath(source: unknown, baseDirectory: string): string | undefined {
  if (typeof source !== 'string') return undefined;
  // URLs are left to whoever downloads or decodes them.
  if (/^file:\/\/\//i.test(source)) return fileURLToPath(source);
  return /^[a-z][a-z+.-]+:/i.test(source) ? undefined : resolve(baseDirectory, source);
}

async function problemOf(path: string): Promise<string | undefined> {
  try {
    if ((await stat(path)).isDirectory()) return 'a folder';
    await access(path, constants.R_OK);
    return undefined;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return code === 'EACCES' ? 'a file that may not be read' : 'no such file';
  }
}
