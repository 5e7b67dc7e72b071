import { ConfigError } from '@vlmkit/core';
import { describeJson, isJsonObject, type JsonObject } from '../files/json.js';

/** A rule that a field's value must meet, with the words that a message uses for it. */
export interface FieldRule<T> {
  /** Completes "must be ...". */
  readonly words: string;
  accepts(value: unknown): value is T;
}

export const positiveInteger: FieldRule<number> = {
  words: 'a positive integer',
  accepts: (value): value is number => Number.isSafeInteger(value) && (value as number) > 0,
};

export const nonNegativeInteger: FieldRule<number> = {
  words: 'an integer of at least 0',
  accepts: (value): value is number => Number.isSafeInteger(value) && (value as number) >= 0,
};

export const tokenId: FieldRule<number> = { ...nonNegativeInteger, words: 'a token id (an integer of at least 0)' };

export const positiveNumber: FieldRule<number> = {
  words: 'a positive number',
  accepts: (value): value is number => typeof value === 'number' && Number.isFinite(value) && value > 0,
};

export const nonNegativeNumber: FieldRule<number> = {
  words: 'a number of at least 0',
  accepts: (value): value is number => typeof value === 'number' && Number.isFinite(value) && value >= 0,
};

export const fraction: FieldRule<number> = {
  words: 'a number from 0 to 1',
  accepts: (value): value is number => typeof value === 'number' && value >= 0 && value <= 1,
};

export const flag: FieldRule<boolean> = {
  words: 'true or false',
  accepts: (value): value is boolean => typeof value === 'boolean',
};

/** One of a few words. */
export function oneOf<T extends string>(...choices: readonly T[]): FieldRule<T> {
  return {
    words: choices.map((choice) => `"${choice}"`).join(' or '),
    accepts: (value): value is T => choices.some((choice) => choice === value),
  };
}

/** A list whose items all meet a rule. */
export function listOf<T>(rule: FieldRule<T>): FieldRule<readonly T[]> {
  return {
    words: `a list, each item ${rule.words}`,
    accepts: (value): value is readonly T[] => Array.isArray(value) && value.every((item) => rule.accepts(item)),
  };
}

/** Reads fields of a JSON object; its errors name the field by its path in the file. */
export interface FieldReader {
  /** The value of a field that must be there. @throws ConfigError when it is absent or breaks the rule. */
  required<T>(name: string, rule: FieldRule<T>): T;
  /** The value of a field, or `fallback` when it is absent or null. @throws ConfigError when it breaks the rule. */
  optional<T, F extends T | undefined>(name: string, rule: FieldRule<T>, fallback: F): T | F;
  /** Whether the field is there and not null. */
  has(name: string): boolean;
  /** The field as it stands. */
  raw(name: string): unknown;
  /** A reader of an object inside this one, or undefined when it is absent or null. */
  nested(name: string): FieldReader | undefined;
  /** A field's full name for messages, e.g. `vision_config.depth`. */
  path(name: string): string;
  /** The error for a field that is well formed but cannot be run. */
  error(name: string, problem: FieldProblem): ConfigError;
}

/** What is wrong with a field. */
export interface FieldProblem {
  /** Follows the field's path, e.g. "must be below vocab_size (1024)". */
  readonly must: string;
  readonly remedy?: string;
}

/** Reads an object of `file`; `prefix` is the object's own path in it, when it is nested. */
export function fieldReader(file: string, object: JsonObject, prefix = ''): FieldReader {
  const path = (name: string): string => (prefix ? `${prefix}.${name}` : name);
  const error = (name: string, { must, remedy }: FieldProblem): ConfigError =>
    new ConfigError(`${path(name)} of ${file} ${must}; found ${describeJson(object[name])}.`, {
      remedy: remedy ?? "Compare the file with the published model's.",
    });
  const has = (name: string): boolean => object[name] !== undefined && object[name] !== null;
  const check = <T>(name: string, rule: FieldRule<T>): T => {
    const value = object[name];
    if (rule.accepts(value)) return value;
    throw error(name, { must: `must be ${rule.words}` });
  };
  return {
    required: (name, rule) => check(name, rule),
    optional: (name, rule, fallback) => (has(name) ? check(name, rule) : fallback),
    has,
    raw: (name) => object[name],
    nested(name) {
      if (!has(name)) return undefined;
      const value = object[name];
      if (!isJsonObject(value)) throw error(name, { must: 'must be an object' });
      return fieldReader(file, value, path(name));
    },
    path,
    error,
  };
}
