import ora from 'ora';
import type { JsonOptions } from './json-options.js';

/** Tells what is going on, on stderr, so that stdout carries the answer alone. */
export interface Progress {
  start(text: string): void;
  update(text: string): void;
  /** Ends the step with a line that stays. */
  done(text: string): void;
  /** Ends the step without a word. */
  clear(): void;
  /** Ends the step, when one is under way, as failed. */
  fail(): void;
}

/** A spinner on a terminal, plain lines elsewhere, nothing beside JSON. */
export function createProgress({ json = false }: JsonOptions = {}): Progress {
  // Some pseudo-terminals claim to be 0 columns wide; a spinner would clear infinitely many lines there.
  const isNarrow = process.stderr.columns === 0;
  const spinner = ora({
    stream: process.stderr,
    discardStdin: false,
    isSilent: json,
    ...(isNarrow && { isEnabled: false }),
  });
  return {
    start: (text) => void spinner.start(text),
    update: (text) => {
      spinner.text = text;
    },
    done: (text) => void spinner.succeed(text),
    clear: () => void spinner.stop(),
    fail: () => {
      if (spinner.isSpinning) spinner.fail();
    },
  };
}
