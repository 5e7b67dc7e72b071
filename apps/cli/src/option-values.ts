import { InvalidArgumentError } from 'commander';

/** Parses an option that must be a whole number of at least 1. */
export function positiveInteger(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1) throw new InvalidArgumentError('Give a whole number of at least 1.');
  return value;
}

/** Parses an option that must be a number of at least 0. */
export function nonNegativeNumber(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value) || value < 0)
    throw new InvalidArgumentError('Give a number of at least 0.');
  return value;
}

/** Parses an option that must be a whole number of at least 0. */
export function count(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isSafeInteger(value) || value < 0)
    throw new InvalidArgumentError('Give a whole number of at least 0.');
  return value;
}

/** Parses an option that must be a number above 0. */
export function positiveNumber(text: string): number {
  const value = Number(text);
  if (!Number.isFinite(value) || value <= 0) throw new InvalidArgumentError('Give a number above 0.');
  return value;
}

/** Parses an option that must be a number from 0 to 1. */
export function fraction(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !(value >= 0 && value <= 1)) throw new InvalidArgumentError('Give a number from 0 to 1.');
  return value;
}

/** Parses an option whose values are the keys; spellings of one meaning share a value. */
export function oneOf<T extends string>(spellings: Readonly<Record<string, T>>): (text: string) => T {
  return (text) => {
    if (Object.hasOwn(spellings, text)) return spellings[text]!;
    throw new InvalidArgumentError(`Allowed choices are ${Object.keys(spellings).join(', ')}.`);
  };
}

/** Collects the values of an option that may be given several times. It takes one value at a time, and so no question. */
export function repeated(text: string, earlier: readonly string[] = []): readonly string[] {
  if (text === '') throw new InvalidArgumentError('Give at least one character.');
  return [...earlier, text];
}
