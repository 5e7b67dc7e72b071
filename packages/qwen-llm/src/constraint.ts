import type { TokenMask } from './sampling/index.js';

/** How far one answer has come under a constraint on its form, as `@vlmkit/constrain` compiles it. One per answer. */
export interface TokenConstraint {
  /** An accepted stop id has ended the answer. */
  readonly finished: boolean;
  /** The tokens that may come next, stop ids among them where the answer may end. */
  mask(): Promise<TokenMask>;
  /** Adds a token to the answer. Resolves to false when the constraint does not allow it. */
  accept(id: number): Promise<boolean>;
}
