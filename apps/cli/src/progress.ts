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
  if (json) return lines(() => undefined);
  // Some pseudo-terminals claim to be 0 columns wide; a spinner would clear infinitely many lines there.
  const isTerminal = process.stderr.isTTY && process.stderr.columns !== 0;
  return isTerminal ? spinner() : lines((line) => void process.stderr.write(`${line}\n`));
}

function spinner(): Progress {
  const spinning = ora({ stream: process.stderr, discardStdin: false });
  return {
    start: (text) => void spinning.start(text),
    update: (text) => {
      spinning.text = text;
    },
    done: (text) => void spinning.succeed(text),
    clear: () => void spinning.stop(),
    fail: () => {
      if (spinning.isSpinning) spinning.fail();
    },
  };
}

/** A line for every beginning and end: ora colours its own even where they go to a file. */
function lines(write: (line: string) => void): Progress {
  let step: string | undefined;
  const end = (line?: string) => {
    step = undefined;
    if (line !== undefined) write(line);
  };
  return {
    start: (text) => {
      step = text;
      write(`- ${text}`);
    },
    update: (text) => {
      step = text;
    },
    done: (text) => end(`✔ ${text}`),
    clear: () => end(),
    fail: () => {
      if (step !== undefined) end(`✖ ${step}`);
    },
  };
}
