import { readFile } from 'node:fs/promises';
import { PromptError } from '@vlmkit/core';

/** How {@link readJson} names a file in its errors. */
export interface JsonFileNames {
  /** What the file is, e.g. "JSON schema". */
  readonly what: string;
  /** What it should hold. */
  readonly expected: string;
}

/**
 * Reads a JSON file.
 *
 * @throws PromptError when it cannot be read or is not JSON.
 */
export async function readJson(path: string, { what, expected }: JsonFileNames): Promise<unknown> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (cause) {
    throw new PromptError(`The ${what} ${path} cannot be read.`, {
      actual: reason(cause),
      remedy: 'Check the path.',
      cause,
    });
  }
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new PromptError(`The ${what} ${path} is not JSON.`, { expected, actual: reason(cause), cause });
  }
}

function reason(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
