import type { Constraint } from '../constraint.js';
import type { PackedVocabulary } from '../vocabulary.js';

/** What the worker can be asked to do. States are known by number. */
export interface ConstraintCalls {
  /** Hands over a part of the vocabulary, before it is opened. */
  readonly addTokens: { readonly request: PackedVocabulary; readonly response: undefined };
  readonly open: {
    readonly request: { readonly vocabularySize: number; readonly stopIds: readonly number[] };
    readonly response: undefined;
  };
  /** Gives the new state's number. */
  readonly compile: { readonly request: Constraint; readonly response: number };
  readonly mask: { readonly request: number; readonly response: Int32Array };
  readonly accept: {
    readonly request: { readonly state: number; readonly id: number };
    readonly response: { readonly accepted: boolean; readonly finished: boolean };
  };
  readonly rollback: {
    readonly request: { readonly state: number; readonly count: number };
    readonly response: undefined;
  };
  readonly free: { readonly request: number; readonly response: undefined };
}
