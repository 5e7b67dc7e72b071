import { MediaError } from '@vlmkit/core';

/** A source of more bytes than are read. */
export function tooLarge(label: string, length: number, byteLimit: number): MediaError {
  return new MediaError(`${label} is too large.`, {
    expected: `a file of at most ${byteLimit} bytes`,
    actual: `${length} bytes or more`,
    remedy: 'Scale the picture down, or raise byteLimit.',
  });
}

/** A file of this machine that cannot be read. */
export function unreadable(label: string, kind: 'picture' | 'video', cause: unknown): MediaError {
  const { code = '' } = cause as { readonly code?: string };
  return new MediaError(`${label} cannot be read.`, {
    expected: `the path of a ${kind}, an http(s) URL or a data URL`,
    actual: fileProblems[code] ?? messageOf(cause),
    remedy: 'Check the path; relative ones start at the working directory.',
    cause,
  });
}

/** What is wrong with a path, by the code of the error that opening it gave. */
const fileProblems: Readonly<Record<string, string>> = {
  ENOENT: 'no such file',
  EISDIR: 'a folder',
  EACCES: 'a file that may not be read',
  ENAMETOOLONG: 'a name that is too long for a path',
};

/** The message of an error, and of what caused it: fetch keeps its reasons there. */
export function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error && error.cause.message
    ? `${error.message} (${error.cause.message})`
    : error.message;
}
