/** Names of the cache tensors of one key-value head. */
export function cacheNames(layer: number, head: number): CacheNames {
  const at = `${layer}.${head}`;
  return {
    pastKey: `past_key.${at}`,
    pastValue: `past_value.${at}`,
    newKey: `new_key.${at}`,
    newValue: `new_value.${at}`,
  };
}

/** Inputs (past) and outputs (new) of one key-value head. */
export interface CacheNames {
  readonly pastKey: string;
  readonly pastValue: string;
  readonly newKey: string;
  readonly newValue: string;
}
