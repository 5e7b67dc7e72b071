import {
  type DataType,
  type DeviceTensor,
  type Feed,
  type RowBuffers,
  type RunOptions,
  type RunResult,
  RuntimeError,
  type Session,
  type Tensor,
} from '@vlmkit/core';
import type { DeviceClient } from './device-client.js';
import { GraphInputs } from './feeds.js';
import { NodeDeviceTensor, NodeRowBuffers } from './handles.js';
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
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly #fields: NodeSessionFields;
  readonly #graphInputs: GraphInputs;
  #disposal: Promise<void> | undefined;

  constructor(fields: NodeSessionFields) {
    const { name, signature } = fields;
    this.#fields = fields;
    this.#graphInputs = new GraphInputs(name, signature.inputs);
    this.inputs = signature.inputs.map((input) => input.name);
    this.outputs = signature.outputs.map((output) => output.name);
  }

  async run(feeds: Readonly<Record<string, Feed>>, options: RunOptions = {}): Promise<RunResult> {
    const { client, id, name } = this.#fields;
    if (this.#disposal) {
      throw new RuntimeError(`The component "${name}" cannot run: its session was disposed of.`);
    }
    const rows = options.rows && ownRows(options.rows);
    const { fetch, keep: keeping } = planOutputs(name, this.outputs, options, rows);
    const packed = this.#graphInputs.pack(client, { feeds, rows });
    const keep = Object.fromEntries(keeping.map((output) => [output, client.newId()]));
    const settleLength = rows?.expectLength();
    const { fetched, kept, length } = await client.call(
      'run',
      { session: id, feeds: packed.feeds, fetch, keep, rows: rows?.idOn(client) },
      { transfer: packed.transfer, signal: options.signal },
    );
    settleLength?.(length);
    const device = Object.entries(kept).map(
      ([output, tensor]) => [output, new NodeDeviceTensor(client, keep[output] as number, tensor)] as const,
    );
    return new NodeRunResult(name, fetched, Object.fromEntries(device));
  }

  dispose(): Promise<void> {
    this.#disposal ??= this.#unload();
    return this.#disposal;
  }

  async #unload(): Promise<void> {
    const { client, id, ended } = this.#fields;
    try {
      await client.call('unload', id);
    } catch (error) {
      // A device that was closed has let go of its sessions.
      if (!client.closed) throw error;
    } finally {
      await ended();
    }
  }
}

interface OutputPlan {
  readonly fetch: readonly string[];
  readonly keep: readonly string[];
}

/** Sorts the outputs into those to return and to keep; the rest fills row buffers. */
function planOutputs(
  component: string,
  known: readonly string[],
  options: RunOptions,
  rows: NodeRowBuffers | undefined,
): OutputPlan {
  const keep = [...new Set(options.keep ?? [])];
  const filling = rows?.outputs ?? [];
  const asked = options.outputs ?? known;
  for (const name of [...asked, ...keep, ...filling]) {
    if (known.includes(name)) continue;
    throw new RuntimeError(`The component "${component}" has no output "${name}".`, {
      expected: `one of ${known.join(', ')}`,
      actual: name,
    });
  }
  const staying = new Set([...keep, ...filling]);
  return { fetch: [...new Set(asked)].filter((name) => !staying.has(name)), keep };
}

function ownRows(rows: RowBuffers): NodeRowBuffers {
  if (rows instanceof NodeRowBuffers) return rows;
  throw new RuntimeError('The row buffers were made by another runtime package.');
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
