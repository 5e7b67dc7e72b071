import { WeightError, type WeightSource } from '@vlmkit/core';
import { isHarmless } from './names.js';

/**
 * Demands that every tensor is used.
 *
 * @throws WeightError naming the tensors of `weights` that are not among `used`.
 */
export function checkUnused(weights: WeightSource, used: Iterable<string>): void {
  const known = new Set(used);
  const unused = weights.names.filter((name) => !known.has(name) && !isHarmless(name));
  if (unused.length === 0) return;
  const shown = unused.slice(0, 5).join(', ');
  const more = unused.length > 5 ? ` and ${unused.length - 5} more` : '';
  throw new WeightError(`The checkpoint holds tensors that this model does not have: ${shown}${more}.`, {
    remedy: 'Check that config.json belongs to these weights and that no tensor was renamed.',
  });
}
