import { PromptError } from '@vlmkit/core';
import { type GroundingConstraint, groundingGrammar } from './boxes.js';
import { supportedPattern } from './regex.js';
import type { OwnRule } from './schema/own-rules.js';
import { isObject } from './schema/refusal.js';
import { supportedSchema } from './schema/supported-schema.js';
import { unwrapped } from './schema/wrapper.js';

/** A JSON schema as a plain object. */
export type JsonSchema = Readonly<Record<string, unknown>>;

/** A schema object that can state itself as a JSON schema, as zod's do. */
export interface JsonSchemaSource {
  toJSONSchema(): unknown;
}

/** An answer that is JSON of a schema, and nothing else. */
export interface JsonConstraint {
  readonly type: 'json';
  readonly schema: JsonSchema | JsonSchemaSource;
  /**
   * Most characters of white space in one gap (default 8); 0 writes JSON on one line, as `JSON.stringify` does. Small
   * models write white space without end when they may.
   */
  readonly maxWhitespace?: number;
}

/** An answer that matches a regular expression from its first to its last character. */
export interface RegexConstraint {
  readonly type: 'regex';
  /**
   * Characters, groups, alternatives, repetitions, and classes of ASCII characters; a dot is any character but the end
   * of a line. No lookaround, no back references.
   */
  readonly pattern: string;
}

/**
 * An answer of a grammar in the library's EBNF, whose first rule is `root`. Classes may hold ASCII characters only; a
 * negated class also takes any character beyond ASCII.
 */
export interface GrammarConstraint {
  readonly type: 'grammar';
  readonly ebnf: string;
}

/** What an answer must look like, in full. */
export type ConstraintSpec = JsonConstraint | RegexConstraint | GrammarConstraint | GroundingConstraint;

/** A {@link ConstraintSpec} or a short form: `'boxes'`, `'points'`, `'json'` (any object), a RegExp, a schema. */
export type Constraint = ConstraintSpec | 'boxes' | 'points' | 'json' | RegExp | JsonSchema | JsonSchemaSource;

/** A constraint in the form that the grammar library compiles. */
export type GrammarText =
  | {
      readonly kind: 'schema';
      readonly text: string;
      readonly rules: readonly OwnRule[];
      readonly maxWhitespace: number;
    }
  | { readonly kind: 'regex'; readonly text: string }
  | { readonly kind: 'ebnf'; readonly text: string };

const specTypes: ReadonlySet<unknown> = new Set(['json', 'regex', 'grammar', 'boxes', 'points']);

/**
 * Reads any form of a constraint.
 *
 * @throws PromptError when it is none of them, or its options contradict each other
 */
export function grammarText(constraint: Constraint): GrammarText {
  const spec = fullSpec(constraint);
  switch (spec.type) {
    case 'json':
      return schemaText(spec);
    case 'regex':
      return { kind: 'regex', text: supportedPattern(spec.pattern) };
    case 'grammar':
      return { kind: 'ebnf', text: spec.ebnf };
    case 'boxes':
    case 'points':
      return { kind: 'ebnf', text: groundingGrammar(spec) };
  }
}

/**
 * The same constraint as plain data, which may cross to another thread.
 *
 * @throws PromptError as {@link grammarText} does
 */
export function portableConstraint(constraint: Constraint): ConstraintSpec {
  const spec = fullSpec(constraint);
  if (spec.type !== 'json') return spec;
  return { ...spec, schema: plainSchema(spec.schema) };
}

function fullSpec(constraint: Constraint): ConstraintSpec {
  if (constraint === 'json') return { type: 'json', schema: { type: 'object' } };
  if (constraint === 'boxes' || constraint === 'points') return { type: constraint };
  if (constraint instanceof RegExp) return regexSpec(constraint);
  if (typeof constraint !== 'object' || constraint === null) {
    throw new PromptError('A constraint is of no known form.', {
      expected: "'boxes', 'points', 'json', a RegExp, a JSON schema, or an object with a type of these",
      actual: typeof constraint === 'string' ? `'${constraint}'` : String(constraint),
    });
  }
  return isSpec(constraint) ? constraint : { type: 'json', schema: constraint as JsonSchema | JsonSchemaSource };
}

/** A schema's `type` may be any of JSON Schema's names, none of which is a constraint's. */
function isSpec(constraint: object): constraint is ConstraintSpec {
  return 'type' in constraint && specTypes.has(constraint.type) && !isSchemaSource(constraint);
}

function isSchemaSource(value: unknown): value is JsonSchemaSource {
  return (
    typeof value === 'object' && value !== null && 'toJSONSchema' in value && typeof value.toJSONSchema === 'function'
  );
}

function regexSpec({ source, flags }: RegExp): RegexConstraint {
  const unsupported = flags.replace(/[uv]/g, '');
  if (unsupported === '') return { type: 'regex', pattern: source };
  throw new PromptError('A regular expression has flags that cannot constrain an answer.', {
    expected: 'no flags, or u or v',
    actual: `/${source}/${flags}`,
    remedy: 'Write out what the flag would match, e.g. [aA] for i.',
  });
}

function schemaText({ schema, maxWhitespace = 8 }: JsonConstraint): GrammarText {
  if (!Number.isSafeInteger(maxWhitespace) || maxWhitespace < 0) {
    throw new PromptError('maxWhitespace is out of range.', { expected: 'a count', actual: String(maxWhitespace) });
  }
  const supported = supportedSchema(plainSchema(schema));
  return { kind: 'schema', text: JSON.stringify(supported.schema), rules: supported.rules, maxWhitespace };
}

function plainSchema(schema: JsonSchema | JsonSchemaSource): JsonSchema {
  const plain = unwrapped(isSchemaSource(schema) ? schema.toJSONSchema() : schema);
  // Zod adds non-enumerable parts that cannot be cloned.
  if (isObject(plain)) return JSON.parse(JSON.stringify(plain)) as JsonSchema;
  throw new PromptError('A JSON schema must be an object.', {
    expected: 'an object such as {"type": "object", "properties": {…}}',
    actual: String(JSON.stringify(plain)),
    remedy: "For any JSON object, pass 'json'.",
  });
}
