import { PromptError } from '@vlmkit/core';
import { literal } from './literal.js';

/** An answer that lists boxes or points, as Qwen2.5-VL writes them. */
export interface GroundingConstraint {
  /**
   * `boxes`: `[{"bbox_2d": [x1, y1, x2, y2], "label": "…"}]`; `points`: `[{"point_2d": [x, y], "label": "…"}]`.
   * Coordinates are whole pixels of 0 to 99999.
   */
  readonly type: 'boxes' | 'points';
  /** The only labels allowed. Any JSON string of one character or more when left out. */
  readonly labels?: readonly string[] | undefined;
  /**
   * Most characters of a free label (default: no limit). Each adds to the time to compile, tens of milliseconds with a
   * vocabulary of 150,000; `labels` costs nothing.
   */
  readonly maxLabelLength?: number | undefined;
  /** Fewest entries of the list (default 0). */
  readonly minItems?: number | undefined;
  /** Most entries of the list (default 128). */
  readonly maxItems?: number | undefined;
  /** Whether a Markdown fence stands around the list, as the model likes to write it (default `allow`). */
  readonly fence?: 'allow' | 'require' | 'forbid' | undefined;
}

/**
 * The grammar of {@link GroundingConstraint}, in the library's EBNF. Numbers, gaps and the list are
 * bounded, so that a model cannot go on without end, and whatever ends parses.
 *
 * @throws PromptError when the limits contradict each other
 */
export function groundingGrammar(constraint: GroundingConstraint): string {
  const { type, labels, maxLabelLength, minItems = 0, maxItems = 128, fence = 'allow' } = constraint;
  const counts = [maxLabelLength ?? 1, minItems, maxItems].every((count) => Number.isSafeInteger(count));
  if (
    !counts ||
    (maxLabelLength ?? 1) < 1 ||
    minItems < 0 ||
    maxItems < Math.max(1, minItems) ||
    labels?.length === 0
  ) {
    throw new PromptError(`The limits of the ${type} constraint contradict each other.`, {
      expected:
        '0 <= minItems <= maxItems, maxItems and maxLabelLength of 1 or more, and labels that name at least one',
      actual: JSON.stringify({ minItems, maxItems, maxLabelLength, labels }),
    });
  }
  const fenced = '"```json\\n" list "\\n```"';
  const roots = { allow: `list | ${fenced}`, require: fenced, forbid: 'list' };
  if (!Object.hasOwn(roots, fence)) {
    throw new PromptError(`The fence of the ${type} constraint is of no known kind.`, {
      expected: Object.keys(roots).join(', '),
      actual: String(fence),
    });
  }
  const [key, coordinates] = type === 'boxes' ? ['bbox_2d', 4] : ['point_2d', 2];
  const numbers = Array.from({ length: coordinates }, () => 'integer').join(' "," space ');
  const list = `"[" gap item ("," gap item){${Math.max(0, minItems - 1)},${maxItems - 1}} gap "]"`;
  const characters = maxLabelLength === undefined ? 'character+' : `character{1,${maxLabelLength}}`;
  const label = labels === undefined ? `"\\"" ${characters} "\\""` : labels.map(quotedLabel).join(' | ');
  return [
    `root ::= ${roots[fence]}`,
    `list ::= ${minItems === 0 ? `"[]" | ${list}` : list}`,
    `item ::= "{" space ${literal(`"${key}":`)} space "[" ${numbers} "]" space "," space ${literal('"label":')} space label space "}"`,
    `label ::= ${label}`,
    'character ::= [^"\\\\\\x00-\\x1F] | "\\\\" ["\\\\/bfnrt]',
    'integer ::= "0" | [1-9] [0-9]{0,4}',
    'space ::= [ ]?',
    'gap ::= [ ]? | "\\n" [ \\t]{0,4}',
  ].join('\n');
}

/** A label as the JSON string that stands for it. */
function quotedLabel(label: string): string {
  return literal(JSON.stringify(label));
}
