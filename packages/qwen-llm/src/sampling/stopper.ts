import { PromptError, shownValue } from '@vlmkit/core';

/** When an answer ends. */
export interface StopOptions {
  /** Ids that end the answer, without text of their own. */
  readonly stopIds?: readonly number[] | undefined;
  /** Strings that end the answer, or the only one. The text ends before them. */
  readonly stopStrings?: string | readonly string[] | undefined;
  /** Most tokens of the answer, stop ids included, 1 or more (default: no limit). */
  readonly maxNewTokens?: number | undefined;
}

/** Why an answer ended: a stop id or string, or its greatest length. */
export type StopReason = 'stop' | 'length';

/** What one token adds to an answer. */
export interface StopStep {
  /** Text that may be shown now. What may be the start of a stop string is held back. */
  readonly text: string;
  /** Set when the answer has ended. */
  readonly reason?: StopReason;
  /** The stop string that ended it. */
  readonly stopString?: string;
}

/** Watches one answer for its end. */
export interface Stopper {
  /**
   * Takes a token and the text that it completed (empty while a character is incomplete).
   *
   * @throws PromptError when the answer has already ended
   */
  push(id: number, piece: string): StopStep;
  /** Ends the answer from outside (an abort, a full context): takes text still in the decoder, and lets go of the rest. */
  end(piece?: string): StopStep;
}

/**
 * Creates the stopper of one answer. Which text it lets through does not depend on how the text is cut into pieces:
 * the answer ends where a stop string is first complete.
 *
 * @throws PromptError for an empty stop string, what is no string, or a limit below 1
 */
export function createStopper(options: StopOptions = {}): Stopper {
  const stopIds = new Set(options.stopIds);
  const stopStrings = checkedStrings(options.stopStrings ?? []);
  const limit = options.maxNewTokens ?? Number.POSITIVE_INFINITY;
  if (!(limit >= 1) || (limit !== Number.POSITIVE_INFINITY && !Number.isInteger(limit))) {
    const expected = 'an integer of 1 or more';
    throw new PromptError('maxNewTokens is out of range.', { expected, actual: shownValue(limit) });
  }
  let held = '';
  let tokens = 0;
  let ended = false;

  function add(piece: string): StopStep {
    const text = held + piece;
    const match = firstMatch(text, stopStrings);
    if (match !== undefined) {
      ended = true;
      return { text: text.slice(0, match.start), reason: 'stop', stopString: match.stopString };
    }
    const shown = text.length - heldLength(text, stopStrings);
    held = text.slice(shown);
    return { text: text.slice(0, shown) };
  }

  function release(step: StopStep): StopStep {
    const text = step.text + held;
    held = '';
    ended = true;
    return { ...step, text };
  }

  return {
    push(id, piece) {
      if (ended)
        throw new PromptError('The answer has already ended.', { remedy: 'Create a stopper for each answer.' });
      tokens++;
      if (stopIds.has(id)) return release({ text: '', reason: 'stop' });
      const step = add(piece);
      if (step.reason !== undefined || tokens < limit) return step;
      return release({ text: step.text, reason: 'length' });
    },
    end(piece = '') {
      if (ended) return { text: '' };
      const step = add(piece);
      return step.reason === undefined ? release(step) : step;
    },
  };
}

/** OpenAI's interface takes one string or a list: a string is one, not a list of its characters. */
function checkedStrings(given: string | readonly string[]): readonly string[] {
  const stopStrings = typeof given === 'string' ? [given] : given;
  const expected = 'a string of one character or more, or a list of such';
  if (!Array.isArray(stopStrings) || stopStrings.some((text) => typeof text !== 'string')) {
    throw new PromptError('The stop strings are not strings.', { expected, actual: JSON.stringify(given) });
  }
  if (stopStrings.includes('')) {
    throw new PromptError('A stop string is empty, and would end every answer at once.', { expected });
  }
  return stopStrings;
}

/** The stop string that is complete first; of two that end together, the longer. */
function firstMatch(
  text: string,
  stopStrings: readonly string[],
): { readonly start: number; readonly stopString: string } | undefined {
  let first: { start: number; end: number; stopString: string } | undefined;
  for (const stopString of stopStrings) {
    const start = text.indexOf(stopString);
    if (start < 0) continue;
    const end = start + stopString.length;
    if (first === undefined || end < first.end || (end === first.end && start < first.start)) {
      first = { start, end, stopString };
    }
  }
  return first;
}

/** Length of the longest end of `text` that a stop string starts with. */
function heldLength(text: string, stopStrings: readonly string[]): number {
  let longest = 0;
  for (const stopString of stopStrings) {
    for (let length = Math.min(stopString.length - 1, text.length); length > longest; length--) {
      if (text.endsWith(stopString.slice(0, length))) {
        longest = length;
        break;
      }
    }
  }
  return longest;
}
