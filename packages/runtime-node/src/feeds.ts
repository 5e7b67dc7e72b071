import { type Feed, RuntimeError, type Tensor, viewBytes } from '@vlmkit/core';
import type { DeviceClient } from './device-client.js';
import { NodeDeviceTensor, type NodeRowBuffers } from './handles.js';
import type { FeedMessage, NamedFeed, ValueSignature } from './protocol.js';

/** Feeds ready to send. */
export interface PackedFeeds {
  readonly feeds: readonly NamedFeed[];
  readonly transfer: readonly ArrayBuffer[];
}

/** What is fed to a graph's inputs. */
export interface RunFeeds {
  readonly feeds: Readonly<Record<string, Feed>>;
  readonly rows: NodeRowBuffers | undefined;
}

/** The inputs of a component's graph, against which feeds are checked. */
export class GraphInputs {
  readonly #component: string;
  readonly #inputs: ReadonlyMap<string, ValueSignature>;

  constructor(component: string, inputs: readonly ValueSignature[]) {
    this.#component = component;
    this.#inputs = new Map(inputs.map((input) => [input.name, input]));
  }

  /**
   * Checks feeds and packs those that are not rows, which the device holds. Host values are copied, because the caller
   * keeps its arrays.
   *
   * @throws RuntimeError when a feed is missing, unknown, given twice, or of the wrong type, rank or extent.
   */
  pack(client: DeviceClient, { feeds, rows }: RunFeeds): PackedFeeds {
    const packed: NamedFeed[] = [];
    const transfer: ArrayBuffer[] = [];
    for (const [name, feed] of Object.entries(feeds)) {
      const input = this.#find(name);
      if (rows?.inputs.has(name)) throw this.#error(name, 'was fed both a tensor and row buffers');
      const message = packFeed(client, feed);
      this.#check(input, feed);
      if (message.kind === 'host') transfer.push(message.tensor.data.buffer as ArrayBuffer);
      packed.push({ ...message, name });
    }
    if (rows) {
      const kind = { dtype: rows.dtype, dims: [rows.length, ...rows.rowDims] };
      for (const name of rows.inputs) this.#check(this.#find(name), kind);
    }
    if (packed.length + (rows?.inputs.size ?? 0) < this.#inputs.size) throw this.#missing(feeds, rows);
    return { feeds: packed, transfer };
  }

  #find(name: string): ValueSignature {
    const input = this.#inputs.get(name);
    if (input) return input;
    throw new RuntimeError(`The component "${this.#component}" has no input "${name}".`, {
      expected: [...this.#inputs.keys()].join(', '),
      actual: name,
    });
  }

  #check(input: ValueSignature, { dtype, dims }: Kind): void {
    const fits =
      dtype === input.dtype &&
      dims.length === input.dims.length &&
      input.dims.every((extent, axis) => typeof extent === 'string' || extent === dims[axis]);
    if (fits) return;
    throw this.#error(input.name, 'was fed a tensor of the wrong kind', {
      expected: describe(input),
      actual: describe({ dtype, dims }),
    });
  }

  #missing(feeds: RunFeeds['feeds'], rows: RunFeeds['rows']): RuntimeError {
    const [name, input] = [...this.#inputs].find(([name]) => !(name in feeds) && !rows?.inputs.has(name))!;
    return this.#error(name, 'was not fed', { expected: describe(input) });
  }

  #error(input: string, what: string, details?: { readonly expected: string; readonly actual?: string }): RuntimeError {
    return new RuntimeError(`The input "${input}" of the component "${this.#component}" ${what}.`, details);
  }
}

interface Kind {
  readonly dtype: string;
  readonly dims: readonly (number | string)[];
}

function packFeed(client: DeviceClient, feed: Feed): FeedMessage {
  if (feed instanceof NodeDeviceTensor) return { kind: 'device', tensor: feed.idOn(client) };
  if ('location' in feed) {
    throw new RuntimeError('The tensor was made by another runtime package.', {
      remedy: 'Download it, and feed the host tensor.',
    });
  }
  return { kind: 'host', tensor: copyOf(feed) };
}

/** A copy whose buffer holds nothing else, so that it can be given away. */
function copyOf({ dtype, dims, data }: Tensor): Tensor {
  // Not data.slice(): a Node Buffer's slice is a view of the caller's memory.
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength).slice();
  return { dtype, dims, data: viewBytes(dtype, bytes) };
}

function describe({ dtype, dims }: Kind): string {
  return `${dtype} [${dims.join(', ')}]`;
}
