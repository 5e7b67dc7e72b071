/** Keywords that say nothing about which values are allowed, or hold what others refer to. */
const annotations: ReadonlySet<string> = new Set([
  'title',
  'description',
  'default',
  'examples',
  'example',
  'deprecated',
  'readOnly',
  'writeOnly',
  'format',
  'contentEncoding',
  'contentMediaType',
  'id',
  '$schema',
  '$id',
  '$anchor',
  '$comment',
]);

/** Keywords that hold schemas for references. */
export const definitionKeys = ['$defs', 'definitions'] as const;

/** Keywords that state alone what a value is: the grammar library reads one of them, and none beside it. */
export const soleKeys = ['$ref', 'const', 'enum', 'anyOf', 'oneOf', 'allOf'] as const;

/** Keywords that constrain the values of one kind. */
export const kindKeys = {
  string: ['minLength', 'maxLength', 'pattern'],
  number: ['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum'],
  array: ['items', 'prefixItems', 'minItems', 'maxItems', 'unevaluatedItems'],
  object: [
    'properties',
    'required',
    'additionalProperties',
    'patternProperties',
    'propertyNames',
    'minProperties',
    'maxProperties',
    'unevaluatedProperties',
  ],
} as const;

/** A kind of values that keywords belong to. */
export type Kind = keyof typeof kindKeys;

const known: ReadonlySet<string> = new Set(['type', ...definitionKeys, ...soleKeys, ...Object.values(kindKeys).flat()]);

/** Whether a keyword only describes. Those that begin with `x-` are extensions of OpenAPI. */
export function isAnnotation(key: string): boolean {
  return annotations.has(key) || key.startsWith('x-');
}

/** Whether a keyword is one that answers can be kept to, at least in some places. */
export function isKnownKeyword(key: string): boolean {
  return known.has(key) || isAnnotation(key);
}
