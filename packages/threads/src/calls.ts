import type { PackedError } from './packed-error.js';

/** What one kind of call takes and gives, both of which must be cloneable. */
export interface CallTypes {
  readonly request: unknown;
  readonly response: unknown;
}

/** The calls that a thread answers, by name: an interface of {@link CallTypes}, which both sides know. */
export type CallTable<C> = { readonly [M in keyof C]: CallTypes };

/** Options of one call. */
export interface CallOptions {
  /** Memory of the request that the thread takes over; the caller's arrays are empty afterwards. */
  readonly transfer?: readonly ArrayBuffer[] | undefined;
}

/** What a thread does for each call. What it throws, the caller gets. */
export type Handlers<C extends CallTable<C>> = {
  readonly [M in keyof C]: (request: C[M]['request']) => C[M]['response'] | Promise<C[M]['response']>;
};

/** The memory of a response that is handed over rather than copied, each once, for the calls that have any. */
export type Transfers<C extends CallTable<C>> = {
  readonly [M in keyof C]?: (response: C[M]['response']) => readonly ArrayBuffer[];
};

/** A call on its way to the thread. */
export interface CallMessage {
  /** Repeated in the answer. */
  readonly id: number;
  readonly method: PropertyKey;
  readonly request: unknown;
}

/** The answer on its way back. */
export type ReplyMessage =
  | { readonly id: number; readonly response: unknown }
  | { readonly id: number; readonly error: PackedError };
