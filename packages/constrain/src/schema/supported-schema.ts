import { areDisjoint } from './disjoint.js';
import { formatPatterns } from './formats/format-patterns.js';
import { isObject, type JsonSchema } from './json-schema.js';
import { definitionKeys, isAnnotation, isKnownKeyword, type Kind, kindKeys, soleKeys } from './keywords.js';
import { supportedKind } from './kinds.js';
import { hasLimits, rangeOf } from './limits.js';
import { rangeRules } from './number-range.js';
import { type OwnRule, OwnRules, valueRule } from './own-rules.js';
import { placeOf, refusal, schemaObject } from './refusal.js';

/** A JSON schema in a form that the grammar library enforces as a whole. */
export interface SupportedSchema {
  readonly schema: JsonSchema;
  /** What the library cannot tell from a schema. */
  readonly rules: readonly OwnRule[];
}

/**
 * Brings a schema into the form that the library enforces: it reads some keywords only in certain company, and passes over
 * the others in silence. What the form allows is never more than what the schema does.
 *
 * @throws PromptError that names the keyword and its place, for what cannot be enforced
 */
export function supportedSchema(root: JsonSchema): SupportedSchema {
  const walk = new SchemaWalk(root);
  const schema = walk.schema(root, '#') as JsonSchema;
  for (const [place, ref] of walk.refs) requireTarget(schema, ref, place);
  return { schema, rules: walk.rules };
}

/** References that a chain may have before it is taken for a circle. */
const longestChain = 32;

/** Goes through a document. */
class SchemaWalk {
  readonly #root: JsonSchema;
  readonly #rules: OwnRules;
  readonly #refs = new Map<string, string>();

  constructor(root: JsonSchema) {
    this.#root = root;
    this.#rules = new OwnRules(root);
  }

  /** Those of the schemas so far. */
  get rules(): readonly OwnRule[] {
    return this.#rules.all;
  }

  /** References by their places. */
  get refs(): ReadonlyMap<string, string> {
    return this.#refs;
  }

  /** @param value a schema, or `true` for any value. */
  schema(value: unknown, place: string): JsonSchema | true {
    if (value === true) return true;
    const schema = schemaObject(value, place);
    this.#checkKeywords(schema, place);
    const definitions = this.#definitions(schema, place);
    const sole = soleKeys.filter((key) => key in schema);
    if (sole.length > 0) return { ...definitions, ...this.#sole(schema, sole, place) };
    return { ...definitions, ...this.#plain(schema, place) };
  }

  #checkKeywords(schema: JsonSchema, place: string): void {
    for (const key of Object.keys(schema)) {
      if (isKnownKeyword(key)) continue;
      throw refusal(placeOf(place, key), { expected: 'keywords that can be enforced token by token' });
    }
  }

  #definitions(schema: JsonSchema, place: string): JsonSchema {
    const found = definitionKeys.filter((key) => key in schema);
    return Object.fromEntries(found.map((key) => [key, this.#each(schema[key], placeOf(place, key))]));
  }

  /** The schemas of an object's fields. */
  #each(value: unknown, place: string): JsonSchema {
    const entries = Object.entries(schemaObject(value, place));
    return Object.fromEntries(entries.map(([name, schema]) => [name, this.schema(schema, placeOf(place, name))]));
  }

  /** A schema that one keyword states; a type beside it must say nothing new. */
  #sole(schema: JsonSchema, [key, ...more]: readonly string[], place: string): JsonSchema {
    const value = schema[key!];
    const beside = Object.keys(schema).filter((other) => other !== key && !isAnnotation(other) && !isDefinition(other));
    const extra = more[0] ?? beside.find((other) => other !== 'type' || !this.#typeIsPlain(schema, key!));
    if (extra !== undefined) {
      throw refusal(placeOf(place, extra), {
        expected: `${key} alone, as what stands beside it would not be enforced`,
        remedy: `Move it into ${key}, or leave it out and check the answer afterwards.`,
      });
    }
    const at = placeOf(place, key!);
    switch (key) {
      case '$ref':
        this.#refs.set(at, localRef(value, at));
        return { $ref: value };
      case 'const':
        return this.#values([value]);
      case 'enum':
        if (Array.isArray(value) && value.length > 0) return this.#values(value);
        throw refusal(at, { expected: 'a list of one value or more', remedy: 'State at least one.' });
      case 'allOf':
        return { allOf: this.#list(value, at, 1) };
      default:
        if (key === 'oneOf') this.#requireDisjoint(value, at);
        return { anyOf: this.#list(value, at, Number.POSITIVE_INFINITY) };
    }
  }

  #values(values: readonly unknown[]): JsonSchema {
    return this.#rules.schemaOf(`values ${JSON.stringify(values)}`, (name) => valueRule(name, values));
  }

  #list(value: unknown, place: string, most: number): readonly unknown[] {
    if (!Array.isArray(value) || value.length === 0 || value.length > most) {
      throw refusal(place, {
        expected: most === 1 ? 'a list of one schema: several cannot be enforced together' : 'a list of schemas',
        remedy: most === 1 ? 'Join them into one schema.' : 'State at least one.',
      });
    }
    return value.map((schema, i) => this.schema(schema, placeOf(place, i)));
  }

  #requireDisjoint(value: unknown, place: string): void {
    const branches = Array.isArray(value) ? value : [];
    for (const [i, branch] of branches.entries()) {
      if (branches.slice(0, i).every((earlier) => areDisjoint(earlier, branch, (ref) => this.#follow(ref)))) continue;
      throw refusal(placeOf(place, i), {
        expected:
          'branches of which no value fits two: of different types, or with different values of a required property',
        remedy: 'Write anyOf.',
      });
    }
  }

  /** Whether all values of const, enum or the branches are of the type that is stated beside them. */
  #typeIsPlain(schema: JsonSchema, key: string): boolean {
    const types = typesOf(schema);
    const isStated = (type: string) => types.includes(type) || (type === 'integer' && types.includes('number'));
    if (key === 'const') return typesOfValue(schema.const).some(isStated);
    const list = schema[key];
    if (key === '$ref' || !Array.isArray(list)) return false;
    if (key === 'enum') return list.every((value) => typesOfValue(value).some(isStated));
    return list
      .map((branch) => this.#follow(branch))
      .every((branch) => {
        const own = isObject(branch) ? typesOf(branch) : [];
        return own.length > 0 && own.every(isStated);
      });
  }

  #follow(schema: unknown): unknown {
    let found = schema;
    for (let i = 0; i < longestChain && isObject(found) && typeof found.$ref === 'string'; i++) {
      const keys = found.$ref.split('/').slice(1);
      found = keys.reduce<unknown>((value, key) => (isObject(value) ? value[key] : undefined), this.#root);
    }
    return found;
  }

  /** A schema of types and their keywords. */
  #plain(schema: JsonSchema, place: string): JsonSchema {
    const kinds = (Object.keys(kindKeys) as Kind[]).filter((kind) => kindKeys[kind].some((key) => key in schema));
    const types = 'type' in schema ? typesOf(schema) : impliedTypes(schema, kinds, place);
    if (types.length === 0 && !('type' in schema)) return {};
    if (types.some(isNumeric) && hasLimits(schema)) return this.#limited(schema, types, place);
    const walk = {
      schema: (value: unknown, at: string) => this.schema(value, at),
      each: (value: unknown, at: string) => this.#each(value, at),
    };
    const type = types.length === 1 ? types[0] : schema.type;
    const parts = kinds.filter((kind) => kind !== 'number').filter((kind) => types.includes(kind));
    const format = types.includes('string') && !parts.includes('string') ? ['string' as const] : [];
    return Object.assign(
      { type },
      ...[...parts, ...format].map((kind) => supportedKind(kind, { schema, place, walk })),
    );
  }

  /** Numbers within limits are a rule of ours: the library takes 1024 for an integer of 0 to 1023, say. */
  #limited(schema: JsonSchema, types: readonly string[], place: string): JsonSchema {
    const range = rangeOf(schema, types, place);
    const numbers = this.#rules.schemaOf(JSON.stringify(range), (name) => rangeRules(name, range));
    const others = types.filter((type) => !isNumeric(type));
    return others.length === 0 ? numbers : { anyOf: [numbers, this.#plain({ ...schema, type: others }, place)] };
  }
}

/** Objects and arrays are told by their keywords; the library passes over those of strings and numbers without a type. */
function impliedTypes(schema: JsonSchema, kinds: readonly Kind[], place: string): readonly string[] {
  const [kind, another] = kinds;
  if (kind === undefined && !formatPatterns.has(schema.format)) return [];
  if (another === undefined && (kind === 'object' || kind === 'array')) return [kind];
  const key = kind === undefined ? 'format' : kindKeys[another ?? kind].find((name) => name in schema)!;
  throw refusal(placeOf(place, key), { expected: 'a type beside it', remedy: 'State the type.' });
}

function typesOf({ type }: JsonSchema): readonly string[] {
  return Array.isArray(type) ? type : typeof type === 'string' ? [type] : [];
}

function typesOfValue(value: unknown): readonly string[] {
  if (value === null) return ['null'];
  if (Array.isArray(value)) return ['array'];
  return Number.isInteger(value) ? ['integer'] : [typeof value];
}

function isNumeric(type: string): boolean {
  return type === 'number' || type === 'integer';
}

function isDefinition(key: string): boolean {
  return (definitionKeys as readonly string[]).includes(key);
}

function localRef(value: unknown, place: string): string {
  if (typeof value === 'string' && /^#(\/|$)/.test(value)) return value;
  throw refusal(place, {
    expected: 'a place in the same document, such as #/$defs/name',
    remedy: 'Copy what it refers to into $defs.',
  });
}

/** The library looks for a reference's keys as they are written, in objects only. */
function requireTarget(root: JsonSchema, ref: string, place: string): void {
  const keys = ref.split('/').slice(1);
  const isTarget = (value: unknown) => value === true || isObject(value);
  if (isTarget(keys.reduce<unknown>((value, key) => (isObject(value) ? value[key] : undefined), root))) return;
  throw refusal(place, {
    expected: `a place of a schema in the document, where ${ref} is none`,
    remedy: 'Correct it, or copy what it refers to into $defs, under a name without ~ and /.',
  });
}
