import { type DeviceProfile, RuntimeError, type Tensor } from '@vlmkit/core';
import type { Handlers } from '@vlmkit/threads';
import { env, type InferenceSession, type Tensor as OrtTensor } from 'onnxruntime-node';
import { translateOrtError } from './ort-errors.js';
import { createOrtSession, signatureOf } from './ort-session.js';
import { kindOf, refeedable, toOrt } from './ort-tensor.js';
import { probeDevice } from './probe.js';
import type {
  CreateRowsRequest,
  DeviceCalls,
  GraphSignature,
  LoadRequest,
  NamedFeed,
  OpenRequest,
  RunRequest,
  RunResponse,
  TruncateRequest,
} from './protocol.js';
import { RowStore } from './row-store.js';
import { TensorReader } from './tensor-reader.js';

interface LoadedSession {
  readonly name: string;
  readonly session: InferenceSession;
  readonly profiling: boolean;
}

/** The device's side: holds sessions, tensors and rows by id, and answers calls. */
export class DeviceHost {
  readonly #sessions = new Map<number, LoadedSession>();
  readonly #tensors = new Map<number, OrtTensor>();
  readonly #rows = new Map<number, RowStore | RuntimeError>();
  #device: OpenRequest = { device: 'cpu', threads: 1, prepack: true };
  #reader = new TensorReader(this.#device);

  /** What it does for each call. */
  readonly handlers: Handlers<DeviceCalls> = {
    open: (request) => this.#open(request),
    load: (request) => this.#load(request),
    unload: (session) => this.#unload(session),
    run: (request) => this.#run(request),
    download: (tensor) => this.#download(tensor),
    freeTensor: (tensor) => this.#freeTensor(tensor),
    createRows: (request) => this.#createRows(request),
    truncateRows: (request) => this.#truncateRows(request),
    freeRows: (rows) => this.#freeRows(rows),
    close: () => this.#close(),
  };

  async #open(request: OpenRequest): Promise<DeviceProfile> {
    env.logLevel = 'fatal';
    this.#device = request;
    this.#reader = new TensorReader(request);
    return probeDevice(request, this.#reader);
  }

  async #load(request: LoadRequest): Promise<GraphSignature> {
    const session = await createOrtSession(this.#device, request);
    this.#sessions.set(request.session, { name: request.name, session, profiling: request.profile !== undefined });
    return signatureOf(session);
  }

  async #unload(id: number): Promise<undefined> {
    const loaded = this.#sessions.get(id);
    this.#sessions.delete(id);
    if (loaded?.profiling) loaded.session.endProfiling();
    await loaded?.session.release();
  }

  async #run(request: RunRequest): Promise<RunResponse> {
    const loaded = this.#sessions.get(request.session);
    if (!loaded) throw new RuntimeError('The session was disposed of.');
    try {
      return await this.#runSession(loaded.session, request);
    } catch (cause) {
      throw translateOrtError(`The component "${loaded.name}" failed to run`, cause);
    }
  }

  async #runSession(session: InferenceSession, { feeds, fetch, keep, rows: rowsId }: RunRequest): Promise<RunResponse> {
    const rows = rowsId === undefined ? undefined : this.#rowStore(rowsId);
    const inputs: Record<string, OrtTensor> = rows?.views() ?? {};
    for (const feed of feeds) inputs[feed.name] = this.#feed(feed);
    const wanted = [...new Set([...fetch, ...Object.keys(keep), ...(rows?.outputs ?? [])])];
    const outputs = await session.run(inputs, wanted);
    const output = (name: string) => outputs[name] as OrtTensor;
    const staying = new Set<string>();
    try {
      // All that can fail comes first: a run that fails leaves the rows as they were, and nothing on the device.
      rows?.check((name) => kindOf(output(name)));
      const kept = Object.fromEntries(Object.keys(keep).map((name) => [name, kindOf(output(name))]));
      const news = new Map<string, Tensor>();
      for (const name of rows?.outputs ?? []) news.set(name, await this.#reader.read(output(name)));
      const fetched: Record<string, Tensor> = {};
      for (const name of fetch) fetched[name] = await this.#reader.read(output(name));
      rows?.append(news);
      for (const [name, tensor] of Object.entries(keep)) {
        this.#tensors.set(tensor, refeedable(output(name)));
        staying.add(name);
      }
      return { fetched, kept, length: rows?.length ?? 0 };
    } finally {
      for (const name of wanted) if (!staying.has(name)) output(name).dispose();
    }
  }

  #feed(feed: NamedFeed): OrtTensor {
    if (feed.kind === 'host') return toOrt(feed.tensor.dtype, feed.tensor.data, feed.tensor.dims);
    const tensor = this.#tensors.get(feed.tensor);
    if (!tensor) throw new RuntimeError(`The tensor fed to "${feed.name}" was disposed of.`);
    return tensor;
  }

  async #download(id: number): Promise<Tensor> {
    const tensor = this.#tensors.get(id);
    if (!tensor) throw new RuntimeError('The tensor was disposed of.');
    try {
      const { dtype, dims, data } = await this.#reader.read(tensor);
      return { dtype, dims, data: data.slice() };
    } catch (cause) {
      throw translateOrtError('A tensor cannot be downloaded', cause);
    }
  }

  #freeTensor(id: number): undefined {
    this.#tensors.get(id)?.dispose();
    this.#tensors.delete(id);
  }

  #createRows(request: CreateRowsRequest): undefined {
    try {
      this.#rows.set(request.rows, new RowStore(request));
    } catch (error) {
      // The caller has a handle already; it learns of the failure from the first run that uses it.
      this.#rows.set(request.rows, translateOrtError('Row buffers cannot be made', error));
    }
  }

  #truncateRows({ rows, length }: TruncateRequest): undefined {
    this.#rowStore(rows).truncate(length);
  }

  #freeRows(id: number): undefined {
    this.#rows.delete(id);
  }

  #rowStore(id: number): RowStore {
    const store = this.#rows.get(id);
    if (store instanceof RowStore) return store;
    throw store ?? new RuntimeError('The row buffers were disposed of.');
  }

  async #close(): Promise<undefined> {
    for (const id of this.#sessions.keys()) await this.#unload(id);
    for (const id of this.#tensors.keys()) this.#freeTensor(id);
    this.#rows.clear();
    await this.#reader.close();
  }
}
