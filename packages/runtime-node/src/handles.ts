import {
  type DataType,
  type DeviceTensor,
  type RowBuffers,
  type RowBuffersOptions,
  RuntimeError,
  type Tensor,
} from '@vlmkit/core';
import type { DeviceClient } from './device-client.js';
import type { KeptTensor } from './protocol.js';

/** A tensor in the inference thread. */
export class NodeDeviceTensor implements DeviceTensor {
  readonly location = 'device';
  readonly dtype: DataType;
  readonly dims: readonly number[];
  readonly #client: DeviceClient;
  readonly #id: number;
  #disposed = false;

  constructor(client: DeviceClient, id: number, { dtype, dims }: KeptTensor) {
    this.#client = client;
    this.#id = id;
    this.dtype = dtype;
    this.dims = dims;
  }

  /** The device's name for the tensor. @throws RuntimeError when it is disposed of or lives on another device. */
  idOn(client: DeviceClient): number {
    if (this.#disposed) throw new RuntimeError('The device tensor was disposed of.');
    return sameDevice(client, this.#client, this.#id);
  }

  async download(): Promise<Tensor> {
    return this.#client.call('download', this.idOn(this.#client));
  }

  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.#client.notify('freeTensor', this.#id);
  }
}

/** Row buffers in the inference thread. `length` is what the device has reported, less what was truncated since. */
export class NodeRowBuffers implements RowBuffers {
  readonly dtype: DataType;
  readonly rowDims: readonly number[];
  readonly capacity: number;
  /** Inputs that the buffers are fed to. */
  readonly inputs: ReadonlySet<string>;
  /** Outputs that fill them. */
  readonly outputs: readonly string[];
  readonly #client: DeviceClient;
  readonly #id: number;
  #length = 0;
  #truncations = 0;
  #disposed = false;

  /** @throws RuntimeError when two buffers bear one name. */
  constructor(client: DeviceClient, options: RowBuffersOptions) {
    const names = Object.values(options.filledBy).flat();
    const again = names.find((name, i) => names.indexOf(name) < i);
    if (again !== undefined) throw new RuntimeError(`Of several row buffers, "${again}" is named twice.`);
    this.#client = client;
    this.#id = client.newId();
    this.dtype = options.dtype;
    this.rowDims = [...options.rowDims];
    this.capacity = options.capacity;
    this.inputs = new Set(names);
    this.outputs = Object.keys(options.filledBy);
    client.notify('createRows', { ...options, rows: this.#id });
  }

  get length(): number {
    return this.#length;
  }

  /** The device's name for the buffers. @throws RuntimeError when they are disposed of or live on another device. */
  idOn(client: DeviceClient): number {
    if (this.#disposed) throw new RuntimeError('The row buffers were disposed of.');
    return sameDevice(client, this.#client, this.#id);
  }

  /**
   * Called when a run that appends is asked for; the result takes the length that the device reports.
   * Buffers truncated in between keep their shorter length: the device truncates after that run.
   */
  expectLength(): (length: number) => void {
    const truncations = this.#truncations;
    return (length) => {
      if (truncations === this.#truncations) this.#length = length;
    };
  }

  /** As {@link dispose}, silent when they are disposed of: who undoes a run need not know what became of its buffers. */
  truncate(length: number): void {
    if (this.#disposed) return;
    if (!Number.isInteger(length) || length < 0 || length > this.#length) {
      throw new RuntimeError(`Row buffers cannot be truncated to ${length} rows.`, {
        expected: `a whole number from 0 to ${this.#length}`,
        actual: String(length),
      });
    }
    this.#length = length;
    this.#truncations++;
    this.#client.notify('truncateRows', { rows: this.#id, length });
  }

  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.#client.notify('freeRows', this.#id);
  }
}

function sameDevice(wanted: DeviceClient, owner: DeviceClient, id: number): number {
  if (wanted === owner) return id;
  throw new RuntimeError('The tensor belongs to another runtime.', {
    remedy: 'Download it, and feed the host tensor.',
  });
}
