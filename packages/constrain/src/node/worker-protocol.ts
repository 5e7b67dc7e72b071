import type { Constraint } from '../constraint.js';
import type { PackedVocabulary } from '../vocabulary.js';
import type { PackedError } from './packed-error.js';

/** What the worker can be asked to do. States are known by number. */
export type WorkerRequest =
  | { readonly method: 'addTokens'; readonly tokens: PackedVocabulary }
  | { readonly method: 'open'; readonly vocabularySize: number; readonly stopIds: readonly number[] }
  | { readonly method: 'compile'; readonly constraint: Constraint }
  | { readonly method: 'mask'; readonly state: number }
  | { readonly method: 'accept'; readonly state: number; readonly id: number }
  | { readonly method: 'rollback'; readonly state: number; readonly count: number }
  | { readonly method: 'free'; readonly state: number };

/** What it answers to each request. */
export interface WorkerResults {
  readonly addTokens: undefined;
  readonly open: undefined;
  /** The new state's number. */
  readonly compile: number;
  readonly mask: Int32Array;
  readonly accept: { readonly accepted: boolean; readonly finished: boolean };
  readonly rollback: undefined;
  readonly free: undefined;
}

/** A request on its way to the worker. */
export interface WorkerCall {
  /** Number of the call, repeated in the reply. */
  readonly call: number;
  readonly request: WorkerRequest;
}

/** The worker's reply. */
export type WorkerReply =
  | { readonly call: number; readonly value: WorkerResults[keyof WorkerResults] }
  | { readonly call: number; readonly error: PackedError };
