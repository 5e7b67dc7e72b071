import {
  type AbortSignalLike,
  type DataType,
  type GraphModel,
  int64,
  type Runtime,
  RuntimeError,
  type Session,
  viewBytes,
} from '@vlmkit/core';
import { GraphBuilder, type Value } from '@vlmkit/onnx-graph';
import { allCacheNames, newRowsName, pastLengthName, pastNames } from './cache-names.js';
import type { DecoderConfig } from './decoder-config.js';
import type { CreateCache, KvCache } from './kv-cache.js';

/** What a mover is made of. */
export interface CacheMoverOptions {
  readonly config: DecoderConfig;
  readonly runtime: Runtime;
  readonly cacheType: DataType;
  readonly createCache: CreateCache;
  /** Caches are tensors that stay on the device, rather than rows that are appended. */
  readonly handedOn: boolean;
}

/** What becomes of a cache that moves. */
export interface Move {
  /** Rows to keep, in their new order. */
  readonly rows: readonly number[];
  /** Tokens that the new cache holds. */
  readonly capacity: number;
  readonly signal?: AbortSignalLike | undefined;
}

/** What becomes of a cache that grows. */
export interface Growth {
  /** Rows of it that count. */
  readonly length: number;
  /** Tokens to make room for. */
  readonly capacity: number;
  readonly signal?: AbortSignalLike | undefined;
}

/** Rows that pass through the host at a time: few enough to hold up nobody. */
const rowsAtOnce = 256;

const rowsName = 'rows';
const takenName = 'taken';
const putName = 'put';

/**
 * Moves rows of one cache to another of any size, by a graph of its own that is made for the first move.
 *
 * Legend: p, r: rows of the first cache and those copied; l, n, d: layers, key-value heads of a layer, width of a head.
 *
 * ```
 * handed on   past_key, … [p, d] ─► rows [r] of each ─► present_key, … [r, d]
 * appended    past_key, … [p, d] ─► rows [r] of each ─► taken [2·l·n·r, d]     a run on the first cache,
 *             put [2·l·n·r, d] ───────────────────────► new_rows              and one on the second
 * ```
 */
export class CacheMover {
  readonly #options: CacheMoverOptions;
  #session: Promise<Session> | undefined;
  #disposed = false;

  constructor(options: CacheMoverOptions) {
    this.#options = options;
  }

  /**
   * A new cache with `rows` of `from`, which stays as it is: both are in memory, until the caller disposes of one. Of a move that
   * fails or is aborted nothing is left.
   */
  async moved(from: KvCache, { rows, capacity, signal }: Move): Promise<KvCache> {
    const to = this.#options.createCache({ ...this.#options, capacity });
    try {
      await this.#copy({ from, to, rows, signal });
      return to;
    } catch (error) {
      to.dispose();
      throw error;
    }
  }

  /** A cache with all rows of `from` and room for more: `from` itself where it is handed on, which takes its memory by and by. */
  async grown(from: KvCache, { length, capacity, signal }: Growth): Promise<KvCache> {
    if (this.#options.handedOn) return from;
    return this.moved(from, { rows: Array.from({ length }, (_, row) => row), capacity, signal });
  }

  async dispose(): Promise<void> {
    this.#disposed = true;
    // One that could not be made was told of when it was wanted.
    const session = await this.#session?.catch(() => undefined);
    await session?.dispose();
  }

  async #copy(copy: Copy): Promise<void> {
    const { from, to, rows, signal } = copy;
    const session = await this.#open();
    if (this.#options.handedOn) {
      const { [pastLengthName]: _, ...past } = from.feeds();
      const feeds = { ...past, [rowsName]: int64([rows.length], rows) };
      to.accept(await session.run(feeds, { outputs: [], ...to.options, ...(signal && { signal }) }));
      return;
    }
    // No rows are a run, too: it tells whether there was memory for the new cache.
    for (let start = 0; start === 0 || start < rows.length; start += rowsAtOnce) {
      await this.#append(session, { ...copy, rows: rows.slice(start, start + rowsAtOnce) });
    }
  }

  #open(): Promise<Session> {
    if (this.#disposed) throw new RuntimeError('The decoder was disposed of.');
    this.#session ??= this.#options.runtime.createSession(moverGraph(this.#options)).catch((error: unknown) => {
      // There may be memory for it another time.
      this.#session = undefined;
      throw error;
    });
    return this.#session;
  }

  async #append(session: Session, { from, to, rows, signal }: Copy): Promise<void> {
    const { cacheType, config } = this.#options;
    const nothing = {
      dtype: cacheType,
      dims: [0, config.headDim],
      data: viewBytes(cacheType, new Uint8Array(0)),
    };
    const taken = await session.run(
      { [rowsName]: int64([rows.length], rows), [putName]: nothing },
      { outputs: [takenName], ...from.options, ...(signal && { signal }) },
    );
    await session.run(
      { [rowsName]: int64([0], []), [putName]: taken.host(takenName, cacheType) },
      { outputs: [], ...to.options, ...(signal && { signal }) },
    );
  }
}

interface Copy {
  readonly from: KvCache;
  readonly to: KvCache;
  readonly rows: readonly number[];
  readonly signal: AbortSignalLike | undefined;
}

function moverGraph({ config, cacheType, handedOn }: CacheMoverOptions): GraphModel {
  const graph = new GraphBuilder();
  const { headDim } = config;
  const rows = graph.input(rowsName, 'int64', ['r']);
  const take = (name: string): Value => graph.op('Gather', [graph.input(name, cacheType, ['p', headDim]), rows]);
  if (handedOn) {
    for (const { pastKey, presentKey, pastValue, presentValue } of allCacheNames(config)) {
      graph.output(presentKey, take(pastKey), ['r', headDim]);
      graph.output(presentValue, take(pastValue), ['r', headDim]);
    }
  } else {
    const all = pastNames(config).map(take);
    graph.output(takenName, graph.op('Concat', all, { attributes: { axis: 0 } }), ['taken_rows', headDim]);
    graph.output(newRowsName, graph.input(putName, cacheType, ['put_rows', headDim]), ['put_rows', headDim]);
  }
  return graph.finish('cache-mover');
}
