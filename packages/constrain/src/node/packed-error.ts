import { PromptError, RuntimeError } from '@vlmkit/core';

/** An error in a form that crosses threads, where its class and fields would be lost. */
export interface PackedError {
  /** The caller's fault, or not. */
  readonly kind: 'PromptError' | 'RuntimeError';
  readonly message: string;
  readonly expected: string | undefined;
  readonly actual: string | undefined;
  readonly remedy: string | undefined;
}

/** Takes an error apart, for the way between threads. */
export function packError(error: unknown): PackedError {
  const { expected, actual, remedy }: Partial<PackedError> =
    error instanceof PromptError || error instanceof RuntimeError ? error : {};
  return {
    kind: error instanceof PromptError ? 'PromptError' : 'RuntimeError',
    message: error instanceof Error ? error.message : String(error),
    expected,
    actual,
    remedy,
  };
}

/** Makes an error of its former class; what vlmkit did not throw on purpose becomes a RuntimeError. */
export function unpackError({ kind, message, ...details }: PackedError): PromptError | RuntimeError {
  return Object.assign(kind === 'PromptError' ? new PromptError(message) : new RuntimeError(message), details);
}
