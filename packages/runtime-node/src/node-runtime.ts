import type {
  DeviceProfile,
  GraphModel,
  RowBuffers,
  RowBuffersOptions,
  Runtime,
  Session,
  SessionOptions,
} from '@vlmkit/core';
import { type DeviceClient, disposed } from './device-client.js';
import { NodeRowBuffers } from './handles.js';
import { NodeSession } from './node-session.js';
import { type PreparedModel, prepareModel } from './weight-files.js';

/** onnxruntime-node behind core's Runtime. */
export class NodeRuntime implements Runtime {
  readonly profile: DeviceProfile;
  readonly #client: DeviceClient;
  readonly #models = new Set<PreparedModel>();
  #disposal: Promise<void> | undefined;

  constructor(client: DeviceClient, profile: DeviceProfile) {
    this.#client = client;
    this.profile = profile;
  }

  async createSession(model: GraphModel, options: SessionOptions = {}): Promise<Session> {
    this.#assertOpen();
    const client = this.#client;
    const session = client.newId();
    const onProgress = options.onProgress ?? (() => undefined);
    onProgress(0);
    // Reading is all the progress that can be seen: onnxruntime does not report on mapping and optimising.
    const prepared = await prepareModel(model, (fraction) => onProgress(fraction * 0.9));
    this.#models.add(prepared);
    const ended = async () => {
      this.#models.delete(prepared);
      await prepared.dispose();
    };
    try {
      const { bytes, directory } = prepared;
      const profile = options.profile === undefined ? {} : { profile: options.profile };
      const request = { session, name: model.name, bytes, directory, ...profile };
      const signature = await client.call('load', request, { transfer: [bytes.buffer] });
      await prepared.loaded();
      onProgress(1);
      return new NodeSession({ client, id: session, name: model.name, signature, ended });
    } catch (error) {
      await ended();
      throw error;
    }
  }

  createRows(options: RowBuffersOptions): RowBuffers {
    this.#assertOpen();
    return new NodeRowBuffers(this.#client, options);
  }

  dispose(): Promise<void> {
    this.#disposal ??= this.#close();
    return this.#disposal;
  }

  #assertOpen(): void {
    if (this.#disposal) throw disposed();
  }

  async #close(): Promise<void> {
    try {
      await this.#client.call('close', undefined);
    } finally {
      await this.#client.close();
      for (const model of this.#models) await model.dispose();
    }
  }
}
