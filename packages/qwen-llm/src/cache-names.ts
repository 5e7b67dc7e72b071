/** Names of the cache tensors of one key-value head: inputs of the graph, and outputs where the cache is handed on. */
export function cacheNames(layer: number, head: number): CacheNames {
  const at = `${layer}.${head}`;
  return {
    pastKey: `past_key.${at}`,
    pastValue: `past_value.${at}`,
    presentKey: `present_key.${at}`,
    presentValue: `present_value.${at}`,
  };
}

/** Inputs (past) and outputs (present) of one key-value head. */
export interface CacheNames {
  readonly pastKey: string;
  readonly pastValue: string;
  readonly presentKey: string;
  readonly presentValue: string;
}

/** The names of every head of every layer. */
export function allCacheNames(shape: {
  readonly numHiddenLayers: number;
  readonly numKeyValueHeads: number;
}): readonly CacheNames[] {
  return Array.from({ length: shape.numHiddenLayers * shape.numKeyValueHeads }, (_, i) =>
    cacheNames(Math.floor(i / shape.numKeyValueHeads), i % shape.numKeyValueHeads),
  );
}

/** Name of the output of new rows, where the cache is appended to. */
export const newRowsName = 'new_rows';

/** The cache's inputs in the order of their new rows: layer by layer the keys of each head, then the values of each. */
export function pastNames(shape: {
  readonly numHiddenLayers: number;
  readonly numKeyValueHeads: number;
}): readonly string[] {
  return Array.from({ length: shape.numHiddenLayers }, (_, layer) => {
    const heads = Array.from({ length: shape.numKeyValueHeads }, (_, head) => cacheNames(layer, head));
    return [...heads.map(({ pastKey }) => pastKey), ...heads.map(({ pastValue }) => pastValue)];
  }).flat();
}

/** Name of the input that tells how many rows of a cache that was handed on still count. */
export const pastLengthName = 'past_length';
