/** Names of the cache tensors of one key-value head: inputs of the graph. */
export function cacheNames(layer: number, head: number): CacheNames {
  return { pastKey: `past_key.${layer}.${head}`, pastValue: `past_value.${layer}.${head}` };
}

/** Inputs of one key-value head. */
export interface CacheNames {
  readonly pastKey: string;
  readonly pastValue: string;
}

/** Name of a layer's new rows: an output of the graph. */
export function newRowsName(layer: number): string {
  return `new_rows.${layer}`;
}
