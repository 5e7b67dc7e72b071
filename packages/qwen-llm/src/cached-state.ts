import {
  type AbortSignalLike,
  type BackboneInput,
  type BackboneState,
  type DataType,
  type Feed,
  type ForwardOptions,
  type ForwardResult,
  int64,
  type RunResult,
  type Runtime,
  RuntimeError,
  type Session,
  type Tensor,
  tensor,
  throwIfAborted,
  type WorkOptions,
} from '@vlmkit/core';
import type { CacheMover } from './cache-mover.js';
import type { DecoderConfig } from './decoder-config.js';
import { checkInput, decoderFeeds, fewestManyTokens, sequenceBias, sliceInput } from './decoder-input.js';
import { type CreateCache, cacheBytes, checkContext, type KvCache } from './kv-cache.js';

/** What the state of a generation is made of. */
export interface CachedStateOptions {
  readonly config: DecoderConfig;
  readonly runtime: Runtime;
  readonly session: Session;
  readonly prefillChunk: number;
  readonly cacheType: DataType;
  readonly createCache: CreateCache;
  /** Moves the cache when it grows. */
  readonly mover: Pick<CacheMover, 'grown'>;
  /** Tokens that the cache holds at first. */
  readonly capacity: number;
  /** What the graph takes beside the decoder's own inputs, in runs that choose no token. */
  readonly extraFeeds?: Readonly<Record<string, Feed>>;
  /** Least rows of logits that the graph computes (default 0). */
  readonly leastLogitRows?: 0 | 1;
}

/** One run of the graph. */
export interface DecoderRun {
  readonly input: BackboneInput;
  readonly logitRows: number;
  readonly outputs: readonly string[];
  /** The tokens belong to a request of many (default false). */
  readonly many?: boolean;
  readonly extraFeeds?: Readonly<Record<string, Feed>>;
  readonly signal?: AbortSignalLike;
}

interface StepOptions extends ForwardOptions {
  readonly logitRows: number;
  readonly many: boolean;
}

/** The state of one sequence, in a cache of its own. */
export class CachedState implements BackboneState {
  readonly #options: CachedStateOptions;
  #cache: KvCache;
  #capacity: number;
  #length = 0;
  #busy = false;
  #disposed = false;

  /** @throws PromptError when the capacity is over the model's context. */
  constructor(options: CachedStateOptions) {
    checkContext(options.capacity, options.config);
    this.#options = options;
    this.#cache = options.createCache(options);
    this.#capacity = options.capacity;
  }

  get capacity(): number {
    return this.#capacity;
  }

  get length(): number {
    return this.#length;
  }

  get byteLength(): number {
    return cacheBytes({ ...this.#options, capacity: this.#capacity });
  }

  async forward(input: BackboneInput, options: ForwardOptions = {}): Promise<ForwardResult> {
    return this.exclusively('fed', () => this.#forward(input, options));
  }

  /** @throws RuntimeError while a run is under way. */
  truncate(length: number): void {
    this.#assertIdle('truncated');
    if (length < this.#length) this.#forget(length);
  }

  /**
   * Moves into a larger cache where its own cannot grow; both are in memory meanwhile.
   *
   * @throws PromptError when the capacity is over the model's context, RuntimeError when there is no memory for it, while a run
   * is under way, or when the state is disposed of meanwhile.
   */
  async grow(capacity: number, { signal }: WorkOptions = {}): Promise<void> {
    checkContext(capacity, this.#options.config);
    return this.exclusively('grown', async () => {
      throwIfAborted(signal);
      if (capacity <= this.#capacity) return;
      const grown = await this.#options.mover.grown(this.#cache, { length: this.#length, capacity, signal });
      if (this.#disposed) {
        grown.dispose();
        throw new RuntimeError('A state was disposed of while it grew, or before.');
      }
      if (grown !== this.#cache) this.#cache.dispose();
      this.#cache = grown;
      this.#capacity = capacity;
    });
  }

  /** Frees the cache. A run that is under way fails, or its result is of no use. */
  dispose(): void {
    this.#disposed = true;
    this.#cache.dispose();
  }

  /**
   * Does work that changes the cache, while nothing else may. Where it fails, the cache is left as it was.
   *
   * @throws RuntimeError when other work is under way.
   */
  protected async exclusively<Result>(done: string, work: () => Promise<Result>): Promise<Result> {
    this.#assertIdle(done);
    const start = this.#length;
    this.#busy = true;
    try {
      return await work();
    } catch (error) {
      try {
        this.#forget(start);
      } catch {
        // What the work failed by matters more.
      }
      throw error;
    } finally {
      this.#busy = false;
    }
  }

  /** Runs the graph on tokens that follow the cache, and appends the rows that it returns. */
  protected async run({ input, logitRows, outputs, many = false, extraFeeds, signal }: DecoderRun): Promise<RunResult> {
    const { config, session, leastLogitRows = 0 } = this.#options;
    const count = input.tokenIds.length;
    const asked = Math.max(logitRows, leastLogitRows);
    const rows = Array.from({ length: asked }, (_, i) => count - asked + i);
    const result = await session.run(
      {
        ...decoderFeeds(config, input, { bias: sequenceBias(count), many }),
        ...this.#cache.feeds(),
        logit_rows: int64([asked], rows),
        ...(extraFeeds ?? this.#options.extraFeeds),
      },
      { outputs, ...this.#cache.options, ...(signal && { signal }) },
    );
    this.#cache.accept(result);
    return result;
  }

  /** Counts tokens that a run has appended. */
  protected advance(count: number): void {
    this.#length += count;
  }

  async #forward(input: BackboneInput, options: ForwardOptions): Promise<ForwardResult> {
    checkInput(input, this);
    const count = input.tokenIds.length;
    const logitRows = Math.min(options.logitRows ?? 1, count);
    const many = count >= fewestManyTokens;
    const chunk = Math.max(this.#options.prefillChunk, logitRows);
    let from = 0;
    for (;;) {
      throwIfAborted(options.signal);
      const to = Math.min(from + chunk, count);
      // The rows of logits must come from one run: no chunk ends among them.
      const end = to > count - logitRows ? count : to;
      const asked = end === count ? logitRows : 0;
      const result = await this.#step(sliceInput(input, from, end), { ...options, logitRows: asked, many });
      if (end === count) return result;
      from = end;
    }
  }

  async #step(input: BackboneInput, options: StepOptions): Promise<ForwardResult> {
    const { hiddenStates, logitRows, many, signal } = options;
    const outputs = hiddenStates ? ['logits', 'hidden_states'] : ['logits'];
    const result = await this.run({ input, logitRows, outputs, many, ...(signal && { signal }) });
    this.advance(input.tokenIds.length);
    const logits = logitRows > 0 ? result.host('logits', 'float32') : emptyLogits(this.#options.config.vocabSize);
    return hiddenStates ? { logits, hiddenStates: result.host('hidden_states', 'float32') } : { logits };
  }

  #forget(length: number): void {
    this.#cache.truncate(length);
    this.#length = length;
  }

  #assertIdle(done: string): void {
    if (!this.#busy) return;
    throw new RuntimeError(`A state was ${done} while a run on it was under way.`, {
      remedy: 'Await each call before the next, or create a state for every sequence.',
    });
  }
}

function emptyLogits(vocabularySize: number): Tensor<'float32'> {
  return tensor('float32', [0, vocabularySize], new Float32Array(0));
}
