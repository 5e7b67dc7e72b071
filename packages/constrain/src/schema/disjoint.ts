import { isObject, type JsonSchema } from './json-schema.js';

/** Follows a reference inside the document. */
export type FollowRef = (schema: unknown) => unknown;

/**
 * Whether no value can be of both schemas, as far as can be told: their types or values differ, or they are objects that
 * state different values for a property that both require.
 */
export function areDisjoint(one: unknown, other: unknown, follow: FollowRef): boolean {
  const [a, b] = [follow(one), follow(other)];
  if (!isObject(a) || !isObject(b)) return false;
  const [typesA, typesB] = [typesOf(a), typesOf(b)];
  if (typesA && typesB && typesA.every((type) => !typesB.has(type))) return true;
  const [valuesA, valuesB] = [valuesOf(a), valuesOf(b)];
  if (valuesA && valuesB) return valuesA.every((value) => !valuesB.has(value));
  return [...requiredOf(a)].some(
    (name) => requiredOf(b).has(name) && differ(propertyOf(a, name), propertyOf(b, name), follow),
  );
}

function differ(one: unknown, other: unknown, follow: FollowRef): boolean {
  return one !== undefined && other !== undefined && areDisjoint(one, other, follow);
}

interface Values<T> {
  every(test: (value: T) => boolean): boolean;
  has(value: T): boolean;
}

/** Types, an integer being a number. */
function typesOf({ type }: JsonSchema): Values<unknown> | undefined {
  const types = typeof type === 'string' ? [type] : type;
  return Array.isArray(types) ? listed(types.map((name) => (name === 'integer' ? 'number' : name))) : undefined;
}

function valuesOf(schema: JsonSchema): Values<string> | undefined {
  if ('const' in schema) return listed([JSON.stringify(schema.const)]);
  return Array.isArray(schema.enum) ? listed(schema.enum.map((value) => JSON.stringify(value))) : undefined;
}

function listed<T>(values: readonly T[]): Values<T> {
  return { every: (test) => values.every(test), has: (value) => values.includes(value) };
}

/** Names that an object must have. */
function requiredOf({ type, required }: JsonSchema): ReadonlySet<string> {
  return new Set(type === 'object' && Array.isArray(required) ? required : []);
}

function propertyOf({ properties }: JsonSchema, name: string): unknown {
  return isObject(properties) ? properties[name] : undefined;
}
