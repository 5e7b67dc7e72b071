import type { AbortSignalLike } from './abort.js';
import type { DataType, Tensor } from './tensor.js';
import type { WeightInfo } from './weights.js';

/** What a device can do. Graph builders specialise on this, never on a device's or a model's name. */
export interface DeviceProfile {
  /** For people and logs only. */
  readonly label: string;
  /** `fused`: contrib attention kernels are there and correct; `composed`: use MatMul, Softmax, MatMul. */
  readonly attention: 'fused' | 'composed';
  /** The device computes in float16 at least as fast as in float32. */
  readonly float16: boolean;
  /**
   * Bits of an activation in products with 8-bit weights: 8, or 7 on processors that would overflow while they add pairs
   * of 8-bit products. 0 where products of integers are no faster than those of float32.
   */
  readonly int8ActivationBits: 0 | 7 | 8;
  /** Graphs may take rows of float16 weights and cast those on the device. Where not, weights are cast whole, while loading. */
  readonly float16Weights: boolean;
  /** Largest single buffer, in bytes. */
  readonly maxBufferBytes: number;
  /** Outputs can stay on the device between runs. */
  readonly deviceOutputs: boolean;
  /** Where the KV cache lives: rows appended to host-visible buffers, or whole tensors handed on from run to run. */
  readonly kvCache: 'append' | 'handover';
}

/** A weight that a graph takes from memory rather than from a checkpoint's file. */
export interface InlineWeight {
  readonly name: string;
  readonly dtype: DataType;
  readonly dims: readonly number[];
  readonly data: Uint8Array;
}

/** A weight that lies outside of a model's bytes: in a file, or in memory. */
export type GraphWeight = WeightInfo | InlineWeight;

/** Where a model finds a weight: at a position of a file, or in its own bytes. */
export type WeightPlace = { readonly location: string; readonly offset: number } | { readonly data: Uint8Array };

/** A graph ready to load. */
export interface GraphModel {
  /** Names the component in messages and profiles, e.g. `vit`. */
  readonly name: string;
  /** Weights that lie outside of the model's bytes, each once. */
  readonly weights: readonly GraphWeight[];
  /**
   * Writes the graph as an ONNX ModelProto.
   *
   * @param place where the model is to find each weight. Left out, weights of files are found by their file's location, and
   * those in memory go into the model's bytes.
   */
  encode(place?: (weight: GraphWeight) => WeightPlace): Uint8Array<ArrayBuffer>;
}

/** A tensor that stays where the runtime computes (a GPU, or the inference thread). */
export interface DeviceTensor {
  readonly location: 'device';
  readonly dtype: DataType;
  readonly dims: readonly number[];
  /** Copies the values to the host. @throws RuntimeError when the tensor was disposed of, or the device fails. */
  download(): Promise<Tensor>;
  /** Frees the memory. Using the tensor afterwards is an error. */
  dispose(): void;
}

/** What row buffers are made of. */
export interface RowBuffersOptions {
  readonly dtype: DataType;
  /** Extents of one row. */
  readonly rowDims: readonly number[];
  /** Rows that fit into each buffer. */
  readonly capacity: number;
  /**
   * Names of the buffers, by the name of the output that fills them. A buffer bears the name of the input that it is fed to.
   * Several share an output's rows in equal parts, in order: many buffers then need few outputs, each of which costs time.
   */
  readonly filledBy: Readonly<Record<string, readonly string[]>>;
}

/**
 * Buffers of rows that only grow at their ends, and all by as much: the keys and values of a KV cache. They are one
 * object, because a run that is told of hundreds of buffers one by one spends its time on that.
 */
export interface RowBuffers {
  /** Rows that fit into each buffer. */
  readonly capacity: number;
  /** Rows filled in each. */
  readonly length: number;
  /**
   * Forgets the rows from `length` on. Does nothing once the buffers are disposed of.
   *
   * @throws RuntimeError when there are fewer rows.
   */
  truncate(length: number): void;
  /** Frees the memory; again, it does nothing. A run that uses the buffers afterwards rejects. */
  dispose(): void;
}

/** Anything that a session takes as an input. */
export type Feed = Tensor | DeviceTensor;

/** Options of one run. */
export interface RunOptions {
  /** Outputs to compute; all of them when left out. */
  readonly outputs?: readonly string[] | undefined;
  /** Outputs that stay on the device, returned as {@link DeviceTensor}s. */
  readonly keep?: readonly string[] | undefined;
  /**
   * Buffers that the run reads and fills. Every buffer is fed to the input of its name as the tensor [length, ...rowDims] of
   * the rows filled so far, without a copy; the outputs that fill them are appended, and not returned. A run that fails
   * appends nothing.
   */
  readonly rows?: RowBuffers | undefined;
  readonly signal?: AbortSignalLike | undefined;
}

/** A loaded graph. */
export interface Session {
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /**
   * Runs the graph once. Runs of one session are queued, never interleaved.
   *
   * @throws RuntimeError when a feed is missing, unknown or of the wrong type, or the device fails; AbortError when the
   * signal is aborted before the run's turn comes.
   */
  run(feeds: Readonly<Record<string, Feed>>, options?: RunOptions): Promise<RunResult>;
  /**
   * Frees the session, after the runs that wait. Called again, it waits for the same end; when the runtime is disposed of,
   * the session is gone already, and that is no error.
   */
  dispose(): Promise<void>;
}

/** Outputs of a run. */
export interface RunResult {
  /** The host tensor of an output. @throws RuntimeError when it was kept on the device, appended or not computed. */
  host<T extends DataType>(name: string, dtype: T): Tensor<T>;
  /** The device tensor of an output. @throws RuntimeError when `keep` did not name it. */
  device(name: string): DeviceTensor;
}

/** Options of a session. */
export interface SessionOptions {
  /** Called with a fraction in 0..1 as weights are loaded. */
  readonly onProgress?: ((fraction: number) => void) | undefined;
  /** Writes the runtime's own operator profile beside this path prefix, where the runtime can. */
  readonly profile?: string | undefined;
}

/** A device with sessions on it. Created by a runtime package, handed to an assembly. */
export interface Runtime {
  readonly profile: DeviceProfile;
  /**
   * Loads a graph and its weights.
   *
   * @throws RuntimeError when the device refuses the graph, or a weight's file is missing or too short.
   */
  createSession(model: GraphModel, options?: SessionOptions): Promise<Session>;
  /**
   * Reserves row buffers; memory is known, and taken, in advance.
   *
   * @throws RuntimeError when two buffers have one name. Where there is no memory, the first run that uses them rejects.
   */
  createRows(options: RowBuffersOptions): RowBuffers;
  /** Frees every session, tensor and buffer, and ends the runtime's threads. Called again, it waits for the same end. */
  dispose(): Promise<void>;
}
