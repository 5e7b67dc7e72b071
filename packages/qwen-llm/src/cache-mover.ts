import { type DataType, type GraphModel, int64, type Runtime, type Session, viewBytes } from '@vlmkit/core';
import { GraphBuilder, type Value } from '@vlmkit/onnx-graph';
import { allCacheNames, newRowsName, pastLengthName, pastNames } from './cache-names.js';
import type { DecoderConfig } from './decoder-config.js';
import type { KvCache } from './kv-cache.js';

/** What a mover is made of. */
export interface CacheMoverOptions {
  readonly config: DecoderConfig;
  readonly runtime: Runtime;
  readonly cacheType: DataType;
  /** Caches are tensors that stay on the device, rather than rows that are appended. */
  readonly handedOn: boolean;
}

/** Rows that pass through the host at a time: few enough to hold up nobody. */
const rowsAtOnce = 256;

const rowsName = 'rows';
const takenName = 'taken';
const putName = 'put';

/**
 * Copies rows of one cache to another, by a graph of its own that is made for the first copy.
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

  constructor(options: CacheMoverOptions) {
    this.#options = options;
  }

  /** Copies `rows` of `from` to the end of `to`, in their order. Handed on, they take the place of what `to` held. */
  async copy(from: KvCache, to: KvCache, rows: readonly number[]): Promise<void> {
    const { runtime, handedOn } = this.#options;
    this.#session ??= runtime.createSession(moverGraph(this.#options));
    const session = await this.#session;
    if (handedOn) {
      const { [pastLengthName]: _, ...past } = from.feeds();
      to.accept(await session.run({ ...past, [rowsName]: int64([rows.length], rows) }, { outputs: [], ...to.options }));
      return;
    }
    for (let start = 0; start < rows.length; start += rowsAtOnce) {
      await this.#append(session, { from, to, rows: rows.slice(start, start + rowsAtOnce) });
    }
  }

  async dispose(): Promise<void> {
    // One that could not be made was told of when it was wanted.
    const session = await this.#session?.catch(() => undefined);
    await session?.dispose();
  }

  async #append(session: Session, { from, to, rows }: Copy): Promise<void> {
    const { cacheType, config } = this.#options;
    const nothing = {
      dtype: cacheType,
      dims: [0, config.headDim],
      data: viewBytes(cacheType, new Uint8Array(0)),
    };
    const taken = await session.run(
      { [rowsName]: int64([rows.length], rows), [putName]: nothing },
      { outputs: [takenName], ...from.options },
    );
    await session.run(
      { [rowsName]: int64([0], []), [putName]: taken.host(takenName, cacheType) },
      { outputs: [], ...to.options },
    );
  }
}

interface Copy {
  readonly from: KvCache;
  readonly to: KvCache;
  readonly rows: readonly number[];
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
