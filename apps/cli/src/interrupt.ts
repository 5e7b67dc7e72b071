import { VlmkitError } from '@vlmkit/core';

/** Ctrl-C ended the work: the process ends with exit code 130, as shells expect. The message may be empty. */
export class InterruptedError extends VlmkitError {}

/** Works with a signal that Ctrl-C aborts; a second Ctrl-C ends the process. */
export async function withInterrupt<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const interrupt = () => controller.abort();
  process.once('SIGINT', interrupt);
  try {
    return await work(controller.signal);
  } finally {
    process.off('SIGINT', interrupt);
  }
}
