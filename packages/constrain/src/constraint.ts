import { PromptError } from '@vlmkit/core';
import { type GroundingConstraint, groundingGrammar } from './grounding-grammar.js';
import { supportedPattern } from './regex.js';
import { isObject, type JsonSchema } from './schema/json-schema.js';
import type { OwnRule } from './schema/own-rules.js';
import { supportedSchema } from './schema/supported-schema.js';
import { unwrapped } from './schema/wrapper.js';

/** A schema object that can state itself as a JSON schema, as zod's do. */
export interface JsonSchemaSource {
  toJSONSchema(): unknown;
}

/** An answer that is JSON of a schema, and nothing else. */
export interface JsonConstraint {
  readonly type: 'json';
  /** `true` is any JSON. */
  readonly schema: JsonSchema | JsonSchemaSource | true;
  /**
   * Most characters of white space in one gap (default 8); 0 writes JSON on one line, as `JSON.stringify` does. Small
   * models write white space without end when they may.
   */
  readonly maxWhitespace?: number | undefined;
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

const groundingFields = ['labels', 'maxLabelLength', 'minItems', 'maxItems', 'fence'] as const;

/** What each constraint may state beside its type. */
const specFields: { readonly [Type in ConstraintSpec['type']]: readonly string[] } = {
  json: ['schema', 'maxWhitespace'],
  regex: ['pattern'],
  grammar: ['ebnf'],
  boxes: groundingFields,
  points: groundingFields,
};

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
      return { kind: 'regex', text: patternText(spec) };
    case 'grammar':
      return { kind: 'ebnf', text: requiredText(spec.ebnf, 'ebnf', "a grammar in the library's EBNF") };
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
  return isSpec(constraint)
    ? withKnownFields(constraint)
    : { type: 'json', schema: constraint as JsonSchema | JsonSchemaSource };
}

/** A schema's `type` may be any of JSON Schema's names, none of which is a constraint's. */
function isSpec(constraint: object): constraint is ConstraintSpec {
  return (
    'type' in constraint &&
    typeof constraint.type === 'string' &&
    Object.hasOwn(specFields, constraint.type) &&
    !isSchemaSource(constraint)
  );
}

function withKnownFields(spec: ConstraintSpec): ConstraintSpec {
  const known = specFields[spec.type];
  const given = Object.entries(spec).filter(([name, value]) => name !== 'type' && value !== undefined);
  const unknown = given.map(([name]) => name).filter((name) => !known.includes(name));
  if (unknown.length === 0) return spec;
  throw new PromptError(`A ${spec.type} constraint has a field of no known name.`, {
    expected: `type, ${known.join(', ')}`,
    actual: unknown.join(', '),
    remedy: 'Correct the name, or leave it out.',
  });
}

/** A pattern of anchors alone is empty as well. */
function patternText({ pattern }: RegexConstraint): string {
  const expected = 'a regular expression';
  return requiredText(supportedPattern(requiredText(pattern, 'pattern', expected)), 'pattern', expected);
}

function requiredText(value: unknown, field: string, expected: string): string {
  if (typeof value === 'string' && value !== '' && value !== emptyPattern) return value;
  throw new PromptError(`The ${field} of a constraint is ${typeof value === 'string' ? 'empty' : 'no text'}.`, {
    expected: `${expected}, as a text of one character or more`,
    actual: typeof value === 'string' ? `'${value}'` : String(value),
    remedy: 'State what the answer must be, or leave the constraint out.',
  });
}

function isSchemaSource(value: unknown): value is JsonSchemaSource {
  return (
    typeof value === 'object' && value !== null && 'toJSONSchema' in value && typeof value.toJSONSchema === 'function'
  );
}

/** The source of an empty RegExp. */
const emptyPattern = '(?:)';

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

function plainSchema(schema: JsonConstraint['schema']): JsonSchema {
  const plain = unwrapped(plainData(isSchemaSource(schema) ? statedSchema(schema) : schema));
  if (plain === true) return {};
  if (isObject(plain)) return plain;
  throw new PromptError('A JSON schema must be an object.', {
    expected: 'an object such as {"type": "object", "properties": {…}}',
    actual: String(JSON.stringify(plain)),
    remedy: "For any JSON object, pass 'json'.",
  });
}

/** Zod throws for what JSON has no values of. */
function statedSchema(schema: JsonSchemaSource): unknown {
  try {
    return schema.toJSONSchema();
  } catch (cause) {
    throw new PromptError('The schema cannot state itself as a JSON schema.', {
      expected: 'types that JSON has: strings, numbers, booleans, null, arrays and objects',
      actual: reasonOf(cause),
      remedy:
        'Describe the answer as it is written, e.g. a date as z.iso.date() and a set as z.array(), and convert it afterwards.',
      cause,
    });
  }
}

/** A copy: zod adds non-enumerable parts that cannot cross to another thread. */
function plainData(schema: unknown): unknown {
  if (schema === undefined) return undefined;
  try {
    return JSON.parse(JSON.stringify(schema));
  } catch (cause) {
    throw new PromptError('A JSON schema must be JSON.', {
      expected: 'plain data without circles and bigints',
      actual: reasonOf(cause),
      remedy: 'Refer to a schema that holds itself by {"$ref": "#"} or "#/$defs/name", and write bigints as numbers.',
      cause,
    });
  }
}

/** The first line of what was thrown. */
function reasonOf(cause: unknown): string {
  const [line = ''] = (cause instanceof Error ? cause.message : String(cause)).split('\n');
  return line.replace(/\.$/, '');
}
