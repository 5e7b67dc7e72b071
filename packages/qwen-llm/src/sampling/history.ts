/** The tokens before the one to choose. */
export interface TokenHistory {
  /** Ids of the prompt. */
  readonly prompt: ArrayLike<number>;
  /** Ids chosen so far. */
  readonly generated: ArrayLike<number>;
}
