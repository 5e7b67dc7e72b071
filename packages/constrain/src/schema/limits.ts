import { neighbourOf } from './decimal.js';
import type { JsonSchema } from './json-schema.js';
import { kindKeys } from './keywords.js';
import type { NumberRange } from './number-range.js';
import { placeOf, refusal } from './refusal.js';

/** Whether a schema limits numbers. */
export function hasLimits(schema: JsonSchema): boolean {
  return kindKeys.number.some((key) => key in schema);
}

/**
 * The numbers that a schema's limits leave.
 *
 * Integers are safe ones. Of others, an exclusive limit stands for its neighbour among the numbers of 64 bits: what lies
 * between the two, such as 0.99999999999999999 below 1, may be read as the limit itself.
 *
 * @param types the schema's, of which one is `number` or `integer`
 * @throws PromptError for limits that are no numbers, or leave none
 */
export function rangeOf(schema: JsonSchema, types: readonly string[], place: string): NumberRange {
  const integers = !types.includes('number');
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum } = limitsOf(schema, place);
  const least = integers
    ? Math.max(Number.MIN_SAFE_INTEGER, Math.ceil(minimum), Math.floor(exclusiveMinimum) + 1)
    : Math.max(minimum, neighbourOf(exclusiveMinimum, 1));
  const most = integers
    ? Math.min(Number.MAX_SAFE_INTEGER, Math.floor(maximum), Math.ceil(exclusiveMaximum) - 1)
    : Math.min(maximum, neighbourOf(exclusiveMaximum, -1));
  if (least <= most && least < Infinity && most > -Infinity) return { least, most, integers };
  const key = kindKeys.number.findLast((name) => name in schema)!;
  throw refusal(placeOf(place, key), {
    expected: `limits that leave ${integers ? 'a safe integer' : 'a number'}`,
    remedy: 'Correct them.',
  });
}

type Limits = Readonly<Record<(typeof kindKeys.number)[number], number>>;

/** Limits, those that are not stated being infinite. */
function limitsOf(schema: JsonSchema, place: string): Limits {
  const stated = kindKeys.number.filter((key) => key in schema).map((key) => [key, schema[key]] as const);
  for (const [key, value] of stated) {
    if (typeof value !== 'number') throw refusal(placeOf(place, key), { expected: 'a number' });
  }
  return {
    minimum: -Infinity,
    exclusiveMinimum: -Infinity,
    maximum: Infinity,
    exclusiveMaximum: Infinity,
    ...Object.fromEntries(stated),
  };
}
