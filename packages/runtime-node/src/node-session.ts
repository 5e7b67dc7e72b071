import {
  type DataType,
  type DeviceTensor,
  type Feed,
  type RowBuffer,
  type RunOptions,
  type RunResult,
  RuntimeError,
  type Session,
  type Tensor,
} from '@vlmkit/core';
import type { DeviceClient } from './device-client.js';
import { packFeeds } from './feeds.js';
import { NodeDeviceTensor, NodeRowBuffer } from './handles.js';
import type { GraphSignature } from './protocol.js';

/** What a session is made of. */
export interface NodeSessionFields {
  readonly client: DeviceClient;
  readonly id: number;
  /** The component's name. */
  readonly name: string;
  readonly signature: GraphSignature;
  /** Called when the session has ended, to free what it needed outside of the device. */
  readonly ended: () => Promise<void>;
}

/** A graph loaded in the inference thread. */
export class NodeSession implements Session {
  readonly #fields: NodeSessionFields;
  #disposed = false;

  constructor(fields: NodeSessionFields) {
    this.#fields = fields;
  }

  get inputs(): readonly string[] {
    return this.#fields.signature.inputs.map(({ name }) => name);
  }

  get outputs(): readonly string[] {
    return this.#fields.signature.outputs.map(({ name }) => name);
  }

  async run(feeds: Readonly<Record<string, Feed>>, options: RunOptions = {}): Promise<RunResult> {
    const { client, id, name, signature } = this.#fields;
    if (this.#disposed) {
      throw new RuntimeError(`The component "${name}" cannot run: its session was disposed of.`);
    }
    const plan = planOutputs(name, this.outputs, options);
    const packed = packFeeds(client, name, signature.inputs, feeds);
    const keep = Object.fromEntries(plan.keep.map((output) => [output, client.newId()]));
    const append = Object.fromEntries(
      plan.append.map(([output, rows]) => [output, rows.map((part) => part.idOn(client))]),
    );
    const appended = plan.append.map(([output, rows]) => ({ output, settle: rows.map((part) => part.expectLength()) }));
    const { fetched, kept, lengths } = await client.call(
      'run',
      { session: id, feeds: packed.feeds, fetch: plan.fetch, keep, append },
      { transfer: packed.transfer, signal: options.signal },
    );
    for (const { output, settle } of appended) {
      for (const [part, length] of lengths[output]!.entries()) settle[part]!(length);
    }
    const device = Object.entries(kept).map(
      ([output, tensor]) => [output, new NodeDeviceTensor(client, keep[output] as number, tensor)] as const,
    );
    return new NodeRunResult(name, fetched, Object.fromEntries(device));
  }

  async dispose(): Promise<void> {
    if (this.#disposed) return;
    this.#disposed = true;
    await this.#fields.client.call('unload', this.#fields.id);
    await this.#fields.ended();
  }
}

interface OutputPlan {
  readonly fetch: readonly string[];
  readonly keep: readonly string[];
  readonly append: readonly (readonly [string, readonly NodeRowBuffer[]])[];
}

/** Sorts the outputs into those to return, to keep and to append. */
function planOutputs(component: string, known: readonly string[], options: RunOptions): OutputPlan {
  const keep = [...new Set(options.keep ?? [])];
  const append = Object.entries(options.append ?? {}).map(
    ([name, rows]) => [name, [rows].flat().map(ownRows)] as const,
  );
  const asked = options.outputs ?? known;
  for (const name of [...asked, ...keep, ...append.map(([output]) => output)]) {
    if (known.includes(name)) continue;
    throw new RuntimeError(`The component "${component}" has no output "${name}".`, {
      expected: `one of ${known.join(', ')}`,
      actual: name,
    });
  }
  const staying = new Set([...keep, ...append.map(([output]) => output)]);
  return { fetch: [...new Set(asked)].filter((name) => !staying.has(name)), keep, append };
}

function ownRows(rows: RowBuffer): NodeRowBuffer {
  if (rows instanceof NodeRowBuffer) return rows;
  throw new RuntimeError('The row buffer was made by another runtime package.');
}

/** Outputs of a run, as they came back. */
class NodeRunResult implements RunResult {
  readonly #component: string;
  readonly #host: Readonly<Record<string, Tensor>>;
  readonly #device: Readonly<Record<string, DeviceTensor>>;

  constructor(
    component: string,
    host: Readonly<Record<string, Tensor>>,
    device: Readonly<Record<string, DeviceTensor>>,
  ) {
    this.#component = component;
    this.#host = host;
    this.#device = device;
  }

  host<T extends DataType>(name: string, dtype: T): Tensor<T> {
    const tensor = this.#host[name];
    if (!tensor) throw this.#missing(name, 'returned to the host', Object.keys(this.#host));
    if (isOf(tensor, dtype)) return tensor;
    throw new RuntimeError(`The output "${name}" of the component "${this.#component}" has another type.`, {
      expected: dtype,
      actual: tensor.dtype,
    });
  }

  device(name: string): DeviceTensor {
    const tensor = this.#device[name];
    if (!tensor) throw this.#missing(name, 'kept on the device', Object.keys(this.#device));
    return tensor;
  }

  #missing(name: string, how: string, there: readonly string[]): RuntimeError {
    return new RuntimeError(`The output "${name}" of the component "${this.#component}" was not ${how}.`, {
      expected: there.length > 0 ? `one of ${there.join(', ')}` : 'no output',
      actual: name,
      remedy: 'Ask for it in the options of the run (`outputs`, `keep`).',
    });
  }
}

function isOf<T extends DataType>(tensor: Tensor, dtype: T): tensor is Tensor<T> {
  return tensor.dtype === dtype;
}
