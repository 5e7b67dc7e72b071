import {
  type DataType,
  type DeviceProfile,
  type GraphModel,
  type RowBuffer,
  type Runtime,
  RuntimeError,
  type Session,
  type SessionOptions,
} from '@vlmkit/core';
import type { DeviceClient } from './device-client.js';
import { NodeRowBuffer } from './handles.js';
import { NodeSession } from './node-session.js';
import { stageWeights } from './weight-files.js';

/** onnxruntime-node behind core's Runtime. */
export class NodeRuntime implements Runtime {
  readonly profile: DeviceProfile;
  readonly #client: DeviceClient;
  #disposed = false;

  constructor(client: DeviceClient, profile: DeviceProfile) {
    this.#client = client;
    this.profile = profile;
  }

  async createSession(model: GraphModel, options: SessionOptions = {}): Promise<Session> {
    this.#assertOpen();
    const client = this.#client;
    const id = client.newId();
    const { name, bytes } = model;
    const onProgress = options.onProgress ?? (() => undefined);
    onProgress(0);
    try {
      // Streaming is all the progress that can be seen: onnxruntime does not report on mapping and optimising.
      const staged = await stageWeights(client, id, model, (fraction) => onProgress(fraction * 0.9));
      const profile = options.profile === undefined ? {} : { profile: options.profile };
      const signature = await client.call('load', { session: id, name, bytes, ...staged, ...profile });
      onProgress(1);
      return new NodeSession({ client, id, name, signature });
    } catch (error) {
      client.notify('unload', id);
      throw error;
    }
  }

  createRows(dtype: DataType, rowDims: readonly number[], capacity: number): RowBuffer {
    this.#assertOpen();
    return new NodeRowBuffer(this.#client, { rows: this.#client.newId(), dtype, rowDims: [...rowDims], capacity });
  }

  async dispose(): Promise<void> {
    if (this.#disposed) return;
    this.#disposed = true;
    try {
      await this.#client.call('close', undefined);
    } finally {
      await this.#client.close();
    }
  }

  #assertOpen(): void {
    if (this.#disposed) throw new RuntimeError('The runtime was disposed of.', { remedy: 'Create a new runtime.' });
  }
}
