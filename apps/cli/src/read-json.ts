import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { PromptError } from '@vlmkit/core';

/** How {@link readJson} names a file in its errors. */
export interface JsonFileNames {
  /** What the file is, e.g. "JSON schema". */
  readonly what: string;
  /** What it should hold. */
  readonly expected: string;
}

/**
 * Reads a JSON file, or standard input for `-`.
 *
 * @throws PromptError when it cannot be read or is not JSON.
 */
export async function readJson(path: string, { what, expected }: JsonFileNames): Promise<unknown> {
  const name = path === '-' ? `The ${what} on standard input` : `The ${what} ${path}`;
  let content: string;
  try {
    content = path === '-' ? await text(process.stdin) : await readFile(path, 'utf8');
  } catch (cause) {
    throw new PromptError(`${name} cannot be read.`, {
      actual: reason(cause),
      remedy: 'Check the path.',
      cause,
    });
  }
  try {
    // Editors on Windows begin files with a byte order mark, which is no JSON.
    return JSON.parse(content.replace(/^\uFEFF/, ''));
  } catch (cause) {
    throw new PromptError(`${name} is not JSON.`, { expected, actual: reason(cause), cause });
  }
}

function reason(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
