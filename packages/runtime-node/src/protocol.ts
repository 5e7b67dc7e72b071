import type { DataType, DeviceProfile, RowBuffersOptions, Tensor } from '@vlmkit/core';

/*
 * What the main thread and the inference thread say to each other. The inference thread is the device:
 * sessions, device tensors and row buffers live there, under ids that the main thread chooses.
 */

/** Devices that onnxruntime-node drives. */
export type DeviceKind = 'cpu' | 'webgpu' | 'cuda';

/** Settings of the device for all of its sessions. */
export interface OpenRequest {
  readonly device: DeviceKind;
  /** Threads that one operator may use. */
  readonly threads: number;
  /** Rearrange weights for the CPU's kernels when a session is made. */
  readonly prepack: boolean;
}

/** A graph to make a session of. */
export interface LoadRequest {
  readonly session: number;
  /** The component's name, for messages. */
  readonly name: string;
  readonly bytes: Uint8Array;
  /** Folder that the locations of external data are relative to. */
  readonly directory: string;
  /** Path prefix of onnxruntime's own profile. */
  readonly profile?: string;
}

/** An input or output of a loaded graph. */
export interface ValueSignature {
  readonly name: string;
  readonly dtype: string;
  /** Extents; a string names one that is known only at run time. */
  readonly dims: readonly (number | string)[];
}

/** Inputs and outputs of a loaded graph. */
export interface GraphSignature {
  readonly inputs: readonly ValueSignature[];
  readonly outputs: readonly ValueSignature[];
}

/** An input of a run: values, or the id of what the device already holds. */
export type FeedMessage =
  | { readonly kind: 'host'; readonly tensor: Tensor }
  | { readonly kind: 'device'; readonly tensor: number };

/** What an input is fed. */
export type NamedFeed = FeedMessage & { readonly name: string };

/** A run. */
export interface RunRequest {
  readonly session: number;
  readonly feeds: readonly NamedFeed[];
  /** Outputs to send back. */
  readonly fetch: readonly string[];
  /** Outputs to keep, with the ids to keep them under. */
  readonly keep: Readonly<Record<string, number>>;
  /** The row buffers that it reads and fills. */
  readonly rows: number | undefined;
}

/** Type and extents of a tensor that stayed on the device. */
export interface KeptTensor {
  readonly dtype: DataType;
  readonly dims: readonly number[];
}

/** What a run gives back. */
export interface RunResponse {
  /** Outputs to return, on the host. */
  readonly fetched: Readonly<Record<string, Tensor>>;
  /** Outputs that stayed, by name. */
  readonly kept: Readonly<Record<string, KeptTensor>>;
  /** Rows in each of the row buffers after the run. */
  readonly length: number;
}

/** Row buffers to make, and the id to keep them under. */
export interface CreateRowsRequest extends RowBuffersOptions {
  readonly rows: number;
}

/** Row buffers to cut, and the rows to keep of them. */
export interface TruncateRequest {
  readonly rows: number;
  readonly length: number;
}

/** Every call, with what it takes and returns. */
export interface DeviceCalls {
  readonly open: { readonly request: OpenRequest; readonly response: DeviceProfile };
  readonly load: { readonly request: LoadRequest; readonly response: GraphSignature };
  readonly unload: { readonly request: number; readonly response: undefined };
  readonly run: { readonly request: RunRequest; readonly response: RunResponse };
  readonly download: { readonly request: number; readonly response: Tensor };
  readonly freeTensor: { readonly request: number; readonly response: undefined };
  readonly createRows: { readonly request: CreateRowsRequest; readonly response: undefined };
  readonly truncateRows: { readonly request: TruncateRequest; readonly response: undefined };
  readonly freeRows: { readonly request: number; readonly response: undefined };
  readonly close: { readonly request: undefined; readonly response: undefined };
}

/** Name of a call. */
export type DeviceMethod = keyof DeviceCalls;
/** What a call takes. */
export type Request<M extends DeviceMethod> = DeviceCalls[M]['request'];
/** What a call returns. */
export type Response<M extends DeviceMethod> = DeviceCalls[M]['response'];
