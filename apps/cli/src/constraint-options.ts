import { readFile } from 'node:fs/promises';
import type { Constraint, ConstraintState } from '@vlmkit/constrain';
import { createNodeConstraintCompiler } from '@vlmkit/constrain/node';
import { PromptError } from '@vlmkit/core';
import type { QwenModelInfo } from '@vlmkit/qwen-vl';
import { type Command, Option } from 'commander';

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
 * Works under the constraint that the options ask for, if any.
 *
 * @throws PromptError when the schema's file is missing or no JSON, or the constraint cannot be compiled.
 */
export async function withConstraint<T>(
  options: ConstraintOptions,
  { tokenizer, stopIds }: QwenModelInfo,
  work: (asked: { readonly constraint?: ConstraintState }) => Promise<T>,
): Promise<T> {
  const wanted = await constraintOf(options);
  if (wanted === undefined) return work({});
  const compiler = await createNodeConstraintCompiler({ vocabulary: tokenizer, stopIds });
  try {
    return await work({ constraint: await compiler.compile(wanted) });
  } finally {
    await compiler.dispose();
  }
}

async function constraintOf({ jsonSchema, regex, boxes }: ConstraintOptions): Promise<Constraint | undefined> {
  if (regex !== undefined) return { type: 'regex', pattern: regex };
  if (boxes) return 'boxes';
  return jsonSchema === undefined ? undefined : { type: 'json', schema: await readSchema(jsonSchema) };
}

async function readSchema(path: string): Promise<Record<string, unknown>> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as Record<string, unknown>;
  } catch (cause) {
    throw new PromptError(`The JSON schema ${path} cannot be read.`, {
      ...(cause instanceof Error && { actual: cause.message }),
      remedy: 'Pass the path of a file with a JSON schema.',
      cause,
    });
  }
}
