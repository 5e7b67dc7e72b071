import {
  type BackboneInput,
  type DataType,
  type Feed,
  type ForwardOptions,
  type ForwardResult,
  int64,
  type Runtime,
  RuntimeError,
  type Session,
  throwIfAborted,
} from '@vlmkit/core';
import { BatchCache, type BatchCacheOptions } from './batch-cache.js';
import { BatchMember, type SharedRuns } from './batch-member.js';
import { batchBias, packInputs } from './batch-packing.js';
import { LogitRows } from './batch-rows.js';
import type { DecoderConfig } from './decoder-config.js';
import { decoderFeeds, fewestManyTokens, sliceInput } from './decoder-input.js';
import { type CreateCache, checkContext } from './kv-cache.js';

/** What a batch is made of. */
export interface BatchOptions {
  readonly config: DecoderConfig;
  readonly runtime: Runtime;
  readonly session: Session;
  readonly prefillChunk: number;
  readonly cacheType: DataType;
  readonly createCache: CreateCache;
  readonly mover: BatchCacheOptions['mover'];
  /** Tokens of every sequence, prompt and answer together. */
  readonly capacities: readonly number[];
  /** What the graph takes beside the decoder's own inputs. */
  readonly extraFeeds?: Readonly<Record<string, Feed>>;
  /** Least rows of logits that the graph computes (default 0). */
  readonly leastLogitRows?: 0 | 1;
}

interface Pending {
  readonly member: BatchMember;
  readonly input: BackboneInput;
  readonly options: ForwardOptions;
  readonly resolve: (result: ForwardResult) => void;
  readonly reject: (error: unknown) => void;
  /** Tokens of `input` computed so far. */
  done: number;
  readonly rows: LogitRows;
}

/**
 * Sequences that share one cache and every run: a run starts when all live members ask for one. The cache is append-only
 * and holds the tokens of all as they come; a mask keeps each sequence to its own. When a third of it is tokens that
 * nobody sees any more, most often of sequences that have left, the others move into a smaller one.
 *
 * Rows of truncated tokens are free again only then, or where they end the cache. Others count towards the capacity of their
 * sequence: one that has no room left for its next tokens fails, alone and before the run.
 */
export class Batch implements SharedRuns {
  readonly members: readonly BatchMember[];
  readonly #options: BatchOptions;
  readonly #cache: BatchCache;
  /** Those that wait for their run. */
  #pending: readonly Pending[] = [];
  /** Those whose run is under way. */
  #running: readonly Pending[] = [];
  readonly #live = new Set<BatchMember>();

  /** @throws PromptError when a capacity is over the model's context. */
  constructor(options: BatchOptions) {
    const { capacities, config } = options;
    for (const capacity of capacities) checkContext(capacity, config);
    this.#options = options;
    this.#cache = new BatchCache({ ...options, capacity: sumOf(capacities) });
    this.members = capacities.map((capacity, index) => new BatchMember(this, { index, capacity }));
    for (const member of this.members) this.#live.add(member);
  }

  get hiddenSize(): number {
    return this.#options.config.hiddenSize;
  }

  get byteLength(): number {
    return this.#cache.byteLength;
  }

  lengthOf(index: number): number {
    return this.#cache.owners.seenBy(index);
  }

  isIdle(member: BatchMember): boolean {
    const isMembers = (pending: Pending) => pending.member === member;
    return this.#live.has(member) && !this.#pending.some(isMembers) && !this.#running.some(isMembers);
  }

  async enqueue(member: BatchMember, input: BackboneInput, options: ForwardOptions): Promise<ForwardResult> {
    if (!this.#live.has(member)) {
      throw new RuntimeError('A sequence of a batch was disposed of while its features were on their way.');
    }
    return new Promise((resolve, reject) => {
      const rows = new LogitRows(input.tokenIds.length, options);
      this.#pending = [...this.#pending, { member, input, options, resolve, reject, done: 0, rows }];
      this.#startWhenComplete();
    });
  }

  truncate(index: number, length: number): void {
    this.#cache.owners.forget(index, length);
    // A run under way appends behind what is there now: only an idle cache may shrink.
    if (this.#running.length === 0) this.#cache.truncate(this.#cache.owners.seenLength);
  }

  leave(member: BatchMember): void {
    if (!this.#live.delete(member)) return;
    const waiting = this.#pending.find((pending) => pending.member === member);
    this.#pending = this.#pending.filter((pending) => pending !== waiting);
    waiting?.reject(new RuntimeError('A sequence of a batch was disposed of while it waited for the others.'));
    if (this.#live.size === 0) this.#cache.dispose();
    else {
      this.truncate(member.index, 0);
      this.#startWhenComplete();
    }
  }

  #startWhenComplete(): void {
    if (this.#running.length > 0 || this.#pending.length === 0 || this.#pending.length < this.#live.size) return;
    this.#running = this.#pending;
    this.#pending = [];
    this.#compute(this.#running).then(
      () => this.#settle(),
      (error: unknown) => this.#settle(error),
    );
  }

  /** Fails the requests that the cache has no room for. */
  #refuseExcess(): void {
    const requests = this.#running.map(({ member, input }) => ({ index: member.index, count: input.tokenIds.length }));
    const refused = this.#cache.owners.refusals(requests, { capacity: this.#cache.capacity, live: this.#live });
    for (const { member, rows } of this.#running) rows.failure = refused.get(member.index);
  }

  /** Answers those whose run has ended. They may ask again at once, so the run is forgotten first. */
  #settle(error?: unknown): void {
    const ended = this.#running;
    this.#running = [];
    for (const { resolve, reject, rows } of ended) {
      const failure = rows.failure ?? error;
      if (failure !== undefined) reject(failure);
      else resolve(rows.result(this.#options.config));
    }
    this.#cache.truncate(this.#cache.owners.seenLength);
  }

  async #compute(all: readonly Pending[]): Promise<void> {
    await this.#cache.compact(sumOf([...this.#live].map(({ capacity }) => capacity)));
    this.#refuseExcess();
    const start = this.#cache.owners.all.length;
    try {
      for (;;) {
        const parts = this.#nextParts(all);
        if (parts.length === 0) return;
        await this.#run(parts);
      }
    } catch (error) {
      try {
        this.#cache.truncate(start);
      } catch {
        // What the run failed by matters more.
      }
      throw error;
    }
  }

  /**
   * As many tokens as one run takes, from one sequence after the other: long requests and short ones apart, as they are
   * computed in two ways. Those of an aborted request are dropped.
   */
  #nextParts(all: readonly Pending[]): { readonly pending: Pending; readonly to: number }[] {
    const parts: { readonly pending: Pending; readonly to: number }[] = [];
    let room = Math.max(this.#options.prefillChunk, all.length);
    const open = all.filter((pending) => !this.#isAborted(pending) && pending.done < pending.input.tokenIds.length);
    const many = open.some(isLong);
    for (const pending of open) {
      if (isLong(pending) !== many) continue;
      const to = Math.min(pending.input.tokenIds.length, pending.done + room);
      room -= to - pending.done;
      if (to > pending.done) parts.push({ pending, to });
    }
    return parts;
  }

  #isAborted({ options, rows, member, done }: Pending): boolean {
    if (rows.failure !== undefined) return true;
    try {
      throwIfAborted(options.signal);
      return false;
    } catch (error) {
      rows.failure = error;
      this.truncate(member.index, this.lengthOf(member.index) - done);
      return true;
    }
  }

  async #run(parts: readonly { readonly pending: Pending; readonly to: number }[]): Promise<void> {
    const { config, session, extraFeeds, leastLogitRows = 0 } = this.#options;
    const inputs = parts.map(({ pending, to }) => sliceInput(pending.input, pending.done, to));
    const queries = parts.flatMap(({ pending, to }) => new Array<number>(to - pending.done).fill(pending.member.index));
    const bias = batchBias(queries, this.#cache.owners.all, config.numAttentionHeads / config.numKeyValueHeads);
    const asked: number[] = [];
    let first = 0;
    const takers = parts.map(({ pending, to }) => {
      const rows = pending.rows.between(pending.done, to).map((row) => row - pending.done + first);
      asked.push(...rows);
      first += to - pending.done;
      return { rows: pending.rows, count: rows.length };
    });
    const hidden = parts.some(({ pending }) => pending.options.hiddenStates);
    const logitRows = asked.length < leastLogitRows ? [0] : asked;
    const result = await session.run(
      {
        ...decoderFeeds(config, packInputs(inputs), { bias, many: parts.some(({ pending }) => isLong(pending)) }),
        ...this.#cache.feeds(),
        logit_rows: int64([logitRows.length], logitRows),
        ...extraFeeds,
      },
      { outputs: hidden ? ['logits', 'hidden_states'] : ['logits'], ...this.#cache.options },
    );
    this.#cache.accept(result, queries);
    for (const { pending, to } of parts) pending.done = to;
    if (asked.length === 0) return;
    const logits = result.host('logits', 'float32').data;
    const hiddenStates = hidden ? result.host('hidden_states', 'float32').data : undefined;
    let row = 0;
    for (const { rows, count } of takers) {
      rows.take({ logits, hiddenStates, row, count, config });
      row += count;
    }
  }
}

function isLong({ input }: Pending): boolean {
  return input.tokenIds.length >= fewestManyTokens;
}

function sumOf(counts: readonly number[]): number {
  return counts.reduce((sum, count) => sum + count, 0);
}
