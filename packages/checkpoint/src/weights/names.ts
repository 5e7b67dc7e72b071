/** Tensors that old conversions left behind and that no reader uses: buffers which are computed from the config. */
const harmless =
  /(^|\.)rotary_emb\.inv_freq$|(^|\.)attn\.rotary_pos_emb\.inv_freq$|(^|\.)masked_bias$|(^|\.)position_ids$/;

/**
 * The published name of a tensor. transformers 5 stores `model.language_model.*` and `model.visual.*` where the published
 * checkpoints have `model.*` and `visual.*`.
 */
export function canonicalName(name: string): string {
  return name.replace(/^model\.language_model\./, 'model.').replace(/^model\.visual\./, 'visual.');
}

/** Whether a tensor that nothing used may be passed over in silence. */
export function isHarmless(name: string): boolean {
  return harmless.test(name);
}

/**
 * The candidate with the fewest edits from `name`, or undefined when nothing is near. Of several, the one of the rarest
 * kind: a name that every layer has is no misspelling.
 */
export function closestName(name: string, candidates: Iterable<string>): string | undefined {
  const names = [...candidates];
  const kinds = new Map<string, number>();
  for (const candidate of names) kinds.set(kindOf(candidate), (kinds.get(kindOf(candidate)) ?? 0) + 1);
  const commonness = (candidate: string) => kinds.get(kindOf(candidate)) ?? 0;
  let best: string | undefined;
  // More edits than this and the suggestion would mislead.
  let limit = Math.max(3, Math.floor(name.length / 4));
  for (const candidate of names) {
    const distance = editDistance(name, candidate, limit);
    if (distance > limit) continue;
    if (distance === limit && best !== undefined && commonness(candidate) >= commonness(best)) continue;
    best = candidate;
    limit = distance;
  }
  return best;
}

/** A name without its numbers. */
function kindOf(name: string): string {
  return name.replace(/\d+/g, '#');
}

/** Levenshtein distance, or anything above `limit` once it must exceed it. */
function editDistance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) > limit) return limit + 1;
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const current = [i];
    for (let j = 1; j <= b.length; j++) {
      const substitution = previous[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      current.push(Math.min(substitution, previous[j]! + 1, current[j - 1]! + 1));
    }
    if (Math.min(...current) > limit) return limit + 1;
    previous = current;
  }
  return previous[b.length]!;
}
