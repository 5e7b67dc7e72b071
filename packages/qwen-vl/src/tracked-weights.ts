import type { WeightSource } from '@vlmkit/core';

/** A weight source that notes which tensors were asked for. */
export interface TrackedWeights extends WeightSource {
  /** Names that `info` or `read` was called with. */
  readonly used: ReadonlySet<string>;
}

/** Wraps a source, so that a loader can tell whether any tensor of the checkpoint was left over. */
export function trackWeights(source: WeightSource): TrackedWeights {
  const used = new Set<string>();
  return {
    used,
    names: source.names,
    has: (name) => source.has(name),
    info: (name, dims) => {
      used.add(name);
      return source.info(name, dims);
    },
    read: (name) => {
      used.add(name);
      return source.read(name);
    },
  };
}
