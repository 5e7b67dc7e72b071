import type { Constraint } from './constraint.js';

/** How far one answer has come under its constraint. One per request. */
export interface ConstraintState {
  /** An accepted stop id has ended the answer. */
  readonly finished: boolean;
  /**
   * The tokens that may come next, stop ids among them where the answer may end: [ceil(vocabulary / 32)] words, bit
   * `id % 32` of word `id >> 5`. The array is the caller's to keep.
   *
   * @throws RuntimeError when the answer is finished, or the state disposed of
   */
  mask(): Promise<Int32Array>;
  /**
   * Adds a token to the answer.
   *
   * @returns false, and nothing changes, when the constraint does not allow it
   * @throws RuntimeError when the answer is finished, or the state disposed of
   */
  accept(id: number): Promise<boolean>;
  /**
   * Takes back the last `count` accepted tokens, for guesses that the model did not confirm.
   *
   * @throws RuntimeError when fewer were accepted, or the state is disposed of
   */
  rollback(count: number): Promise<void>;
  /** Frees the state. */
  dispose(): void;
}

/** Compiles constraints for one vocabulary. Share it between requests. */
export interface ConstraintCompiler {
  /**
   * Starts an answer under a constraint. The constraints used last stay compiled.
   *
   * @throws PromptError when the constraint is of no known form, or the library cannot compile it
   */
  compile(constraint: Constraint): Promise<ConstraintState>;
  /** Frees the compiler and every state of it. */
  dispose(): Promise<void>;
}
