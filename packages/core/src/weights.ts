import type { DataType, Tensor } from './tensor.js';

/** One file of weights, readable by byte range wherever it lies (disk, HTTP, Hub cache, Blob). */
export interface WeightFile {
  /**
   * The file's name: in `directory` where that is stated, which may differ from the one in the checkpoint that links to it.
   * A graph refers to the file by it.
   */
  readonly location: string;
  readonly byteLength: number;
  /** Absolute path of the folder that holds the file, when it lies on a local disk that a runtime can map. */
  readonly directory?: string;
  /** Reads `length` bytes from `offset`. @throws WeightError when the range lies outside the file. */
  read(offset: number, length: number): Promise<Uint8Array>;
}

/** Where one stored tensor lies. */
export interface WeightInfo {
  /** The canonical checkpoint key, e.g. `model.layers.0.self_attn.q_proj.weight`. */
  readonly name: string;
  readonly dtype: DataType;
  readonly dims: readonly number[];
  readonly file: WeightFile;
  /** Position of the first byte in `file`. */
  readonly offset: number;
  readonly byteLength: number;
}

/**
 * The tensors of a checkpoint by canonical name. Canonical names are those of the published
 * checkpoints (`model.*`, `visual.*`, `lm_head.weight`), whatever layout the files use.
 */
export interface WeightSource {
  readonly names: readonly string[];
  has(name: string): boolean;
  /**
   * Looks a tensor up and checks its shape.
   *
   * @throws WeightError when it is missing or, with `dims` given, of another shape.
   */
  info(name: string, dims?: readonly number[]): WeightInfo;
  /** Reads one tensor into memory. @throws WeightError when it is missing, or its file is cut off. */
  read(name: string): Promise<Tensor>;
}
