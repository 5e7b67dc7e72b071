import { PromptError, shownValue } from '@vlmkit/core';

/** @throws PromptError that names the option, unless its value is valid. */
export function checkOption(name: string, value: unknown, valid: boolean, expected: string): void {
  if (!valid) {
    throw new PromptError(`The sampling option ${name} is out of range.`, { expected, actual: shownValue(value) });
  }
}

/** Whether a value is an integer of 0 or more. */
export function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

/** Whether a value is a number from `least` to `most`: text is none, whatever it says. */
export function isBetween(value: unknown, least: number, most: number): value is number {
  return typeof value === 'number' && value >= least && value <= most;
}
