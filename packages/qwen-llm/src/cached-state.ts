import {
  type BackboneInput,
  type BackboneState,
  type DataType,
  type ForwardOptions,
  type ForwardResult,
  int64,
  type Runtime,
  type Session,
  type Tensor,
  tensor,
  throwIfAborted,
} from '@vlmkit/core';
import type { DecoderConfig } from './decoder-config.js';
import { checkInput, decoderFeeds, sequenceBias, sliceInput } from './decoder-input.js';
import { checkContext, KvCache } from './kv-cache.js';

/** What the state of a generation is made of. */
export interface CachedStateOptions {
  readonly config: DecoderConfig;
  readonly runtime: Runtime;
  readonly session: Session;
  readonly prefillChunk: number;
  readonly cacheType: DataType;
  /** Tokens that the cache holds. */
  readonly capacity: number;
}

/** The state of one sequence, in a cache of its own. */
export class CachedState implements BackboneState {
  readonly capacity: number;
  readonly #options: CachedStateOptions;
  readonly #cache: KvCache;
  #length = 0;

  /** @throws PromptError when the capacity is over the model's context. */
  constructor(options: CachedStateOptions) {
    checkContext(options.capacity, options.config);
    this.#options = options;
    this.#cache = new KvCache(options);
    this.capacity = options.capacity;
  }

  get length(): number {
    return this.#length;
  }

  get byteLength(): number {
    return this.#cache.byteLength;
  }

  async forward(input: BackboneInput, options: ForwardOptions = {}): Promise<ForwardResult> {
    const count = input.tokenIds.length;
    const start = this.#length;
    checkInput(input, this);
    const logitRows = Math.min(options.logitRows ?? 1, count);
    const chunk = Math.max(this.#options.prefillChunk, logitRows);
    try {
      let from = 0;
      for (;;) {
        throwIfAborted(options.signal);
        const to = Math.min(from + chunk, count);
        // The rows of logits must come from one run: no chunk ends among them.
        const end = to > count - logitRows ? count : to;
        const asked = end === count ? logitRows : 0;
        const result = await this.#run(sliceInput(input, from, end), { ...options, logitRows: asked });
        if (end === count) return result;
        from = end;
      }
    } catch (error) {
      this.truncate(start);
      throw error;
    }
  }

  truncate(length: number): void {
    if (length >= this.#length) return;
    this.#cache.truncate(length);
    this.#length = length;
  }

  dispose(): void {
    this.#cache.dispose();
  }

  async #run(input: BackboneInput, options: ForwardOptions): Promise<ForwardResult> {
    const { config, session } = this.#options;
    const count = input.tokenIds.length;
    const asked = options.logitRows ?? 1;
    const rows = Array.from({ length: asked }, (_, i) => count - asked + i);
    const result = await session.run(
      {
        ...decoderFeeds(config, input, sequenceBias(count)),
        ...this.#cache.past,
        logit_rows: int64([asked], rows),
      },
      {
        outputs: options.hiddenStates ? ['logits', 'hidden_states'] : ['logits'],
        append: this.#cache.appends,
        ...(options.signal && { signal: options.signal }),
      },
    );
    this.#length += count;
    const logits = asked > 0 ? result.host('logits', 'float32') : emptyLogits(config.vocabSize);
    return options.hiddenStates ? { logits, hiddenStates: result.host('hidden_states', 'float32') } : { logits };
  }
}

function emptyLogits(vocabularySize: number): Tensor<'float32'> {
  return tensor('float32', [0, vocabularySize], new Float32Array(0));
}
