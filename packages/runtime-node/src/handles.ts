import { type DataType, type DeviceTensor, type RowBuffer, RuntimeError, type Tensor } from '@vlmkit/core';
import type { DeviceClient } from './device-client.js';
import type { CreateRowsRequest, KeptTensor } from './protocol.js';

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

/** Rows in the inference thread. `length` is what the device has reported, less what was truncated since. */
export class NodeRowBuffer implements RowBuffer {
  readonly location = 'rows';
  readonly dtype: DataType;
  readonly rowDims: readonly number[];
  readonly capacity: number;
  readonly #client: DeviceClient;
  readonly #id: number;
  #length = 0;
  #truncations = 0;
  #disposed = false;

  constructor(client: DeviceClient, request: CreateRowsRequest) {
    this.#client = client;
    this.#id = request.rows;
    this.dtype = request.dtype;
    this.rowDims = request.rowDims;
    this.capacity = request.capacity;
    client.notify('createRows', request);
  }

  get length(): number {
    return this.#length;
  }

  /** The device's name for the buffer. @throws RuntimeError when it is disposed of or lives on another device. */
  idOn(client: DeviceClient): number {
    if (this.#disposed) throw new RuntimeError('The row buffer was disposed of.');
    return sameDevice(client, this.#client, this.#id);
  }

  /**
   * Called when a run that appends is asked for; the result takes the length that the device reports.
   * A buffer truncated in between keeps its shorter length: the device truncates after that run.
   */
  expectLength(): (length: number) => void {
    const truncations = this.#truncations;
    return (length) => {
      if (truncations === this.#truncations) this.#length = length;
    };
  }

  truncate(length: number): void {
    this.idOn(this.#client);
    if (!Number.isInteger(length) || length < 0 || length > this.#length) {
      throw new RuntimeError(`A row buffer cannot be truncated to ${length} rows.`, {
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
