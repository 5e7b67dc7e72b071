import {
  type BackboneInput,
  type BackboneState,
  type ForwardOptions,
  type ForwardResult,
  RuntimeError,
  throwIfAborted,
} from '@vlmkit/core';
import { hostInput } from './batch-packing.js';
import { checkInput } from './decoder-input.js';

/** The cache and the runs that members of a batch share. */
export interface SharedRuns {
  /** Bytes of the cache when it is full. */
  readonly byteLength: number;
  /** Width of a visual token. */
  readonly hiddenSize: number;
  /** Tokens of one sequence in the cache. */
  lengthOf(index: number): number;
  /** Whether a member may change: it is live, and neither waits nor runs. */
  isIdle(member: BatchMember): boolean;
  /** Queues the next run of a member. */
  enqueue(member: BatchMember, input: BackboneInput, options: ForwardOptions): Promise<ForwardResult>;
  /** Hides the tokens of a sequence from its `length` on. */
  truncate(index: number, length: number): void;
  /** Goes on without a member, which gets no answer if it waits for its run. The cache ends with the last. */
  leave(member: BatchMember): void;
}

/** One sequence of a batch. */
export class BatchMember implements BackboneState {
  readonly index: number;
  readonly capacity: number;
  readonly #batch: SharedRuns;
  /** What it was fed is on its way to the host. */
  #preparing = false;

  constructor(batch: SharedRuns, { index, capacity }: { readonly index: number; readonly capacity: number }) {
    this.#batch = batch;
    this.index = index;
    this.capacity = capacity;
  }

  get length(): number {
    return this.#batch.lengthOf(this.index);
  }

  /** Bytes of the cache that all members share. */
  get byteLength(): number {
    return this.#batch.byteLength;
  }

  async forward(input: BackboneInput, options: ForwardOptions = {}): Promise<ForwardResult> {
    throwIfAborted(options.signal);
    this.#assertIdle('fed');
    checkInput(input, this);
    if (!input.visual) return this.#batch.enqueue(this, input, options);
    this.#preparing = true;
    try {
      const own = await hostInput(input, this.#batch.hiddenSize);
      return this.#batch.enqueue(this, own, options);
    } finally {
      this.#preparing = false;
    }
  }

  truncate(length: number): void {
    if (length >= this.length) return;
    this.#assertIdle('truncated');
    this.#batch.truncate(this.index, length);
  }

  dispose(): void {
    this.#batch.leave(this);
  }

  #assertIdle(done: string): void {
    if (!this.#preparing && this.#batch.isIdle(this)) return;
    throw new RuntimeError(`A sequence of a batch was ${done} while it was running or after it was disposed of.`, {
      remedy: 'Await each forward before the next change.',
    });
  }
}
