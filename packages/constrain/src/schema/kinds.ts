import { literalPart } from '../literal.js';
import { formatPatterns } from './formats/format-patterns.js';
import { jsonPattern, lengthPattern } from './json-pattern.js';
import { isObject, type JsonSchema } from './json-schema.js';
import type { Kind } from './keywords.js';
import { placeOf, refusal } from './refusal.js';

/** A schema with keywords of some kind of values. */
export interface KindInput {
  readonly schema: JsonSchema;
  readonly place: string;
  /** Goes into the schemas inside. */
  readonly walk: {
    schema(value: unknown, place: string): JsonSchema | true;
    each(value: unknown, place: string): JsonSchema;
  };
}

/**
 * The keywords of one kind in the form that the grammar library enforces. Those of numbers it enforces in no form.
 *
 * @throws PromptError for what it does not enforce
 */
export function supportedKind(kind: Exclude<Kind, 'number'>, input: KindInput): JsonSchema {
  return { string: stringKeywords, array: arrayKeywords, object: objectKeywords }[kind](input);
}

/** The library reads one pattern. The schema's own goes before that of a format, and both before that of lengths. */
function stringKeywords({ schema, place }: KindInput): JsonSchema {
  const { pattern, format } = schema;
  const [length] = Object.keys(pick(schema, ['minLength', 'maxLength']));
  const ofFormat = formatPatterns.get(format);
  const rival = pattern !== undefined ? 'pattern' : ofFormat !== undefined ? 'format' : undefined;
  if (length !== undefined && rival !== undefined) {
    throw refusal(placeOf(place, length), {
      expected: `no length beside ${rival}`,
      remedy: 'State the length in a pattern, e.g. ^[a-z]{2,5}$.',
    });
  }
  if (typeof pattern === 'string') return { pattern: jsonPattern(pattern) };
  if (pattern !== undefined) throw refusal(placeOf(place, 'pattern'), { expected: 'a regular expression as a text' });
  if (ofFormat !== undefined) return { pattern: jsonPattern(ofFormat) };
  return length === undefined ? {} : { pattern: lengthPattern(schema, place) };
}

function arrayKeywords({ schema, place, walk }: KindInput): JsonSchema {
  const rest = (key: string) => (schema[key] === false ? false : walk.schema(schema[key], placeOf(place, key)));
  const { prefixItems } = schema;
  if (prefixItems !== undefined && !Array.isArray(prefixItems)) {
    throw refusal(placeOf(place, 'prefixItems'), { expected: 'a list of schemas' });
  }
  if (Array.isArray(schema.items)) {
    throw refusal(placeOf(place, 'items'), { expected: 'one schema', remedy: 'Write prefixItems for a list of them.' });
  }
  return {
    ...pick(schema, ['minItems', 'maxItems']),
    ...(prefixItems && {
      prefixItems: prefixItems.map((item, i) => walk.schema(item, placeOf(place, 'prefixItems', i))),
    }),
    ...('items' in schema && { items: rest('items') }),
    ...('unevaluatedItems' in schema && { unevaluatedItems: rest('unevaluatedItems') }),
  };
}

function objectKeywords({ schema: given, place, walk }: KindInput): JsonSchema {
  const schema = withNamedProperties(given, place);
  const properties = schema.properties === undefined ? {} : walk.each(schema.properties, placeOf(place, 'properties'));
  const required = Array.isArray(schema.required) ? schema.required : [];
  const undeclared = required.findIndex((name) => !Object.hasOwn(properties, name));
  if (undeclared >= 0) {
    throw refusal(placeOf(place, 'required', undeclared), {
      expected: 'names of properties that the schema declares',
      remedy: `Declare "${required[undeclared]}" in properties.`,
    });
  }
  const rest = (key: string) =>
    typeof schema[key] === 'boolean' ? schema[key] : walk.schema(schema[key], placeOf(place, key));
  const open = ['additionalProperties', 'unevaluatedProperties'].filter((key) => key in schema);
  return {
    ...pick(schema, ['minProperties', 'maxProperties']),
    ...('required' in schema && {
      required: Array.isArray(schema.required) ? required.map(grammarName) : schema.required,
    }),
    ...('properties' in schema && {
      properties: Object.fromEntries(Object.entries(properties).map(([name, value]) => [grammarName(name), value])),
    }),
    ...Object.fromEntries(open.map((key) => [key, rest(key)])),
    ...('patternProperties' in schema && patternProperties(schema, place, walk)),
    ...('propertyNames' in schema && {
      propertyNames: names(schema, place, walk),
    }),
  };
}

/** A property's name as JSON has it between quotes: the library writes names into its grammar as they are. */
function grammarName(name: unknown): string {
  return literalPart(JSON.stringify(String(name)).slice(1, -1));
}

/** Names are strings, whether that is said or not. */
function names({ propertyNames }: JsonSchema, place: string, walk: KindInput['walk']): JsonSchema | true {
  const schema = isObject(propertyNames) ? { type: 'string', ...propertyNames } : propertyNames;
  return walk.schema(schema, placeOf(place, 'propertyNames'));
}

/** Names by pattern are enforced where nothing else names any. */
function patternProperties(schema: JsonSchema, place: string, walk: KindInput['walk']): JsonSchema {
  const at = placeOf(place, 'patternProperties');
  const others = ['properties', 'propertyNames', 'unevaluatedProperties'].some((key) => key in schema);
  if (others || (schema.additionalProperties ?? false) !== false) {
    throw refusal(at, {
      expected: 'no other properties beside it',
      remedy: 'Write either properties or patterns of them.',
    });
  }
  const schemas = walk.each(schema.patternProperties, at);
  return {
    patternProperties: Object.fromEntries(
      Object.entries(schemas).map(([pattern, value]) => [jsonPattern(pattern), value]),
    ),
  };
}

/**
 * A dictionary, as of zod's `record`, in keywords of which none hides another: the library passes over what values must be
 * where names are restricted.
 */
function withNamedProperties(schema: JsonSchema, place: string): JsonSchema {
  const { propertyNames: names, additionalProperties: values, ...others } = schema;
  const anyValue = values === undefined || values === true || (isObject(values) && Object.keys(values).length === 0);
  if (!isObject(names) || (anyValue && !('required' in schema) && !Array.isArray(names.enum))) return schema;
  const told = Object.keys(names).filter((key) => key !== 'type');
  if (told.length === 0) return { ...others, ...(values !== undefined && { additionalProperties: values }) };
  if ('properties' in schema || told.length > 1) {
    throw refusal(placeOf(place, 'propertyNames'), {
      expected: 'a pattern or an enum, and no properties beside it',
      remedy: 'List the properties instead.',
    });
  }
  if (Array.isArray(names.enum)) {
    const properties = Object.fromEntries(names.enum.map((name) => [String(name), values ?? true]));
    return { ...others, properties };
  }
  if (typeof names.pattern === 'string') return { ...others, patternProperties: { [names.pattern]: values ?? true } };
  throw refusal(placeOf(place, 'propertyNames', told[0]!), { expected: 'a pattern or an enum' });
}

function pick(schema: JsonSchema, keys: readonly string[]): JsonSchema {
  return Object.fromEntries(keys.filter((key) => key in schema).map((key) => [key, schema[key]]));
}
