import { literal } from '../literal.js';
import type { JsonSchema } from './json-schema.js';

/** A rule of ours within the grammar of a schema. The schema holds its name as a `const` where its text belongs. */
export interface OwnRule {
  readonly name: string;
  /** The rule, and those that it needs, in the library's EBNF. */
  readonly ebnf: string;
}

/** Collects the rules of one schema. */
export class OwnRules {
  readonly #prefix: string;
  /** Names by what the rules are for, since equal ones compile once. */
  readonly #names = new Map<string, string>();
  readonly #rules: OwnRule[] = [];

  /** @param root the whole schema, in whose texts no name occurs */
  constructor(root: JsonSchema) {
    const text = JSON.stringify(root);
    let prefix = 'own';
    while (text.includes(prefix)) prefix += '_';
    this.#prefix = prefix;
  }

  get all(): readonly OwnRule[] {
    return this.#rules;
  }

  /**
   * A schema that stands for a rule.
   *
   * @param key tells it from others
   * @param write writes it with the name that it gets
   */
  schemaOf(key: string, write: (name: string) => string): JsonSchema {
    let name = this.#names.get(key);
    if (name === undefined) {
      name = `${this.#prefix}${this.#rules.length}`;
      this.#names.set(key, name);
      this.#rules.push({ name, ebnf: write(name) });
    }
    return { const: name };
  }
}

/** A rule for one of several values, written as `JSON.stringify` does: the library writes `\\/` for a slash. */
export function valueRule(name: string, values: readonly unknown[]): string {
  return `${name} ::= ${values.map((value) => literal(JSON.stringify(value))).join(' | ')}`;
}

/** The library's grammar of a schema, with the rules in place of the texts that stand for them. */
export function withOwnRules(grammar: string, rules: readonly OwnRule[]): string {
  const placed = rules.reduce((text, { name }) => text.replaceAll(`"\\"${name}\\""`, name), grammar);
  return [placed, ...rules.map(({ ebnf }) => ebnf)].join('\n');
}
