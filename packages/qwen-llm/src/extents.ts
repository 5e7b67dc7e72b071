/**
 * Names of the extents inside the decoder that the graph's inputs do not tell. Each stands for one number in a run: values
 * of equal extents may share memory.
 */
export const extents = {
  /** Tokens fed, s. */
  tokens: 'tokens',
  /** Pairs of a token fed and a query head of one key-value head, s·g. */
  pairs: 'pairs',
  /** Tokens in the cache, p. */
  past: 'past_tokens',
  /** Tokens of this run, f. */
  fresh: 'new_tokens',
  /** Tokens in the cache and of this run, p + f. */
  all: 'all_tokens',
  /** New rows of all heads of all layers, 2·l·n·f. */
  newRows: 'new_rows',
} as const;
