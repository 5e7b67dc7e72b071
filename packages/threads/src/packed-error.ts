import {
  AbortError,
  ConfigError,
  GraphError,
  MediaError,
  PromptError,
  RuntimeError,
  VlmkitError,
  WeightError,
} from '@vlmkit/core';

/** An error in a form that crosses threads, where its class and fields would be lost. */
export interface PackedError {
  readonly kind: ErrorKind;
  readonly message: string;
  /** Where it was thrown, in the thread. */
  readonly stack: string | undefined;
  readonly expected: string | undefined;
  readonly actual: string | undefined;
  readonly remedy: string | undefined;
  readonly cause: { readonly message: string; readonly stack: string | undefined } | undefined;
}

type ErrorKind = keyof typeof errorClasses;

/** What keeps its class: vlmkit's own errors, and the one with which functions of numbers refuse them. */
const errorClasses = {
  AbortError,
  ConfigError,
  GraphError,
  MediaError,
  PromptError,
  RangeError,
  RuntimeError,
  VlmkitError,
  WeightError,
} as const;

/** Takes an error apart, for the way between threads. What is not of a known class becomes a RuntimeError's cause. */
export function packError(error: unknown): PackedError {
  const known = error instanceof VlmkitError || error instanceof RangeError ? error : undefined;
  const { expected, actual, remedy }: Partial<VlmkitError> = error instanceof VlmkitError ? error : {};
  const { message, stack } = asError(error);
  const cause = known ? known.cause : error;
  return {
    kind: known ? kindOf(known) : 'RuntimeError',
    message,
    stack,
    expected,
    actual,
    remedy,
    cause: cause === undefined ? undefined : { message: asError(cause).message, stack: asError(cause).stack },
  };
}

/** The error that {@link packError} packed. */
export function unpackError({ kind, message, stack, cause, ...details }: PackedError): Error {
  const error = new errorClasses[kind](message);
  if (error instanceof VlmkitError) Object.assign(error, details);
  if (cause) error.cause = restoreStack(new Error(cause.message), cause.stack);
  return restoreStack(error, stack);
}

function kindOf(error: VlmkitError | RangeError): ErrorKind {
  if (Object.hasOwn(errorClasses, error.name)) return error.name as ErrorKind;
  return error instanceof VlmkitError ? 'VlmkitError' : 'RangeError';
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}

function restoreStack(error: Error, stack: string | undefined): Error {
  if (stack !== undefined) error.stack = stack;
  return error;
}
