import type { Constraint, ConstraintState, Vocabulary } from '@vlmkit/constrain';
import { createNodeConstraintCompiler } from '@vlmkit/constrain/node';
import { PromptError } from '@vlmkit/core';
import { type Command, Option } from 'commander';
import { readJson } from './read-json.js';

/** The form of an answer as the command line gives it. */
export interface ConstraintOptions {
  readonly jsonSchema?: string;
  readonly regex?: string;
  readonly boxes?: boolean;
}

/** Adds the options of an answer's form to a command. */
export function withConstraintOptions(command: Command): Command {
  return command
    .addOption(new Option('--json-schema <file>', 'answer JSON of this schema').conflicts(['regex', 'boxes']))
    .addOption(
      new Option('--regex <pattern>', 'answer what matches this as a whole').conflicts(['jsonSchema', 'boxes']),
    )
    .addOption(new Option('--boxes', 'answer a JSON list of boxes').conflicts(['jsonSchema', 'regex']));
}

/**
 * The constraint that the options ask for, if any.
 *
 * @throws PromptError when the schema's file is missing or holds no schema, or the constraint cannot be compiled.
 */
export async function readConstraint(options: ConstraintOptions): Promise<Constraint | undefined> {
  const constraint = await constraintOf(options);
  // Compiled for one token first, which takes a moment where a model takes a minute to load.
  if (constraint !== undefined && constraint !== 'boxes') await withConstraint(constraint, oneToken, async () => {});
  return constraint;
}

async function constraintOf({ jsonSchema, regex, boxes }: ConstraintOptions): Promise<Constraint | undefined> {
  if (regex !== undefined) return { type: 'regex', pattern: regex };
  if (boxes) return 'boxes';
  // White space has no meaning there, and small models write much of it.
  return jsonSchema === undefined
    ? undefined
    : { type: 'json', schema: await readSchema(jsonSchema), maxWhitespace: 0 };
}

/** Whether an answer has the whole form that was asked for, rather than a beginning of it. */
export function isWhole(text: string, { regex, jsonSchema, boxes }: ConstraintOptions): boolean {
  if (regex !== undefined) return matches(text, `^(?:${regex})$`);
  try {
    if (jsonSchema !== undefined || boxes) JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function matches(text: string, pattern: string): boolean {
  try {
    return new RegExp(pattern, 'u').test(text);
  } catch {
    // With the flag, characters that need no backslash may not have one.
    return new RegExp(pattern).test(text);
  }
}

const oneToken = {
  tokenizer: { vocabularySize: 1, specialIds: new Set<number>(), tokenBytes: () => Uint8Array.of(0x61) },
  stopIds: [0],
};

/** What a constraint's compiler needs of a model. */
interface ConstrainedModel {
  readonly tokenizer: Vocabulary;
  readonly stopIds: readonly number[];
}

/**
 * Works under a constraint, if there is one.
 *
 * @throws PromptError when it cannot be compiled.
 */
export async function withConstraint<T>(
  constraint: Constraint | undefined,
  { tokenizer, stopIds }: ConstrainedModel,
  work: (asked: { readonly constraint?: ConstraintState }) => Promise<T>,
): Promise<T> {
  if (constraint === undefined) return work({});
  const compiler = await createNodeConstraintCompiler({ vocabulary: tokenizer, stopIds });
  try {
    return await work({ constraint: await compiler.compile(constraint) });
  } finally {
    await compiler.dispose();
  }
}

async function readSchema(path: string): Promise<Record<string, unknown>> {
  const schema = await readJson(path, { what: 'JSON schema', expected: schemaForm });
  if (typeof schema === 'object' && schema !== null && !Array.isArray(schema)) return schema as Record<string, unknown>;
  throw new PromptError(`The JSON schema ${path} is not an object.`, {
    expected: schemaForm,
    actual: JSON.stringify(schema).slice(0, 80),
    remedy: 'Write {} for a schema that allows any JSON.',
  });
}

const schemaForm = 'an object such as {"type": "object", "properties": {"color": {"type": "string"}}}';
