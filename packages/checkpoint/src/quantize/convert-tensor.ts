import {
  type AbortSignalLike,
  byteSize,
  decodeFloat16,
  elementCount,
  Int8Matrix,
  inOrder,
  type TimeSlices,
  throwIfAborted,
  WeightError,
  type WeightInfo,
} from '@vlmkit/core';
import type { TensorDeclaration } from '../safetensors/encode.js';
import { decodeSteps, fillSteps, narrowSteps } from './float-steps.js';
import type { RowQuantizer } from './quantize-rows.js';
import type { TensorTreatment } from './scheme.js';
import { inSlices } from './steps.js';

/** A stored tensor and how it will be stored. */
export interface TensorPlan {
  readonly source: WeightInfo;
  readonly treatment: TensorTreatment;
  /** The tensors that take its place, in the order of their bytes. */
  readonly results: readonly TensorDeclaration[];
}

/** A part of a result's bytes. */
export interface TensorPart {
  readonly name: string;
  readonly bytes: Uint8Array;
  /** Bytes of the source that went into it. */
  readonly sourceBytes: number;
}

/** What the work on a tensor needs. */
export interface ConvertTensorOptions {
  readonly quantize: RowQuantizer;
  /** Those of this thread, which does the rest of the work. */
  readonly slices: TimeSlices;
  /** Parts that are read and quantised ahead, at least 1. */
  readonly concurrency: number;
  readonly signal?: AbortSignalLike | undefined;
}

/** About how much of a tensor is in memory at a time, per part, as float32. */
const partBytes = 8 << 20;

/**
 * Plans one tensor. A quantised `X.weight` becomes `X.weight.q4` (or `.q8`), `X.weight.scales` and, where blocks have zeros
 * of their own, `X.weight.zeros`, in the layout of `quantizeRows`. Where integers are to lie beside them, `X.weight.int8`
 * and `X.weight.scale` follow, as in `Int8Matrix`. Scales are stored as float32, which devices map as it lies.
 */
export function planTensor(source: WeightInfo, treatment: TensorTreatment): TensorPlan {
  const { name, dtype, dims } = source;
  if (treatment.kind !== 'blocks') {
    return { source, treatment, results: [{ name, dtype: treatment.kind === 'fp16' ? 'float16' : dtype, dims }] };
  }
  const { bits, blockSize, zeros, int8 } = treatment;
  const [rows = 0, columns = 0] = dims;
  const blocks = columns / blockSize;
  const ownZeros: TensorDeclaration = { name: `${name}.zeros`, dtype: 'uint8', dims: [rows, Math.ceil(blocks / 2)] };
  const integers: readonly TensorDeclaration[] = [
    { name: `${name}.int8`, dtype: 'int8', dims: [1, columns, rows] },
    { name: `${name}.scale`, dtype: 'float32', dims: [rows] },
  ];
  return {
    source,
    treatment,
    results: [
      { name: `${name}.q${bits}`, dtype: 'uint8', dims: [rows, blocks, (blockSize * bits) / 8] },
      { name: `${name}.scales`, dtype: 'float32', dims: [rows, blocks] },
      ...(zeros ? [ownZeros] : []),
      ...(int8 ? integers : []),
    ],
  };
}

/**
 * Reads, converts and yields one tensor part by part, in the order of its plan's results.
 *
 * @throws WeightError when a value does not fit the new type.
 * @throws AbortError between parts.
 */
export async function* convertTensor(plan: TensorPlan, options: ConvertTensorOptions): AsyncGenerator<TensorPart> {
  const { source, treatment, results } = plan;
  const { slices } = options;
  const [first] = results;
  if (!first) return;
  const quantize = treatment.kind === 'blocks' ? new BlockQuantizer(source, treatment, options) : undefined;
  const parts = inOrder(ranges(source), options.concurrency, async (range) => {
    throwIfAborted(options.signal);
    const bytes = await source.file.read(source.offset + range.offset, range.length);
    if (treatment.kind === 'keep') return { bytes, sourceBytes: range.length };
    const values = await inSlices(decodeSteps(source, bytes), slices);
    if (quantize) return { ...(await quantize.run(values, range)), sourceBytes: range.length };
    const narrow = await inSlices(narrowSteps(source, values, range.offset), slices);
    return { bytes: bytesOf(narrow), sourceBytes: range.length };
  });
  // What is small beside the blocks waits for its turn in memory.
  const small: SmallParts[] = [];
  for await (const part of parts) {
    if ('scales' in part) small.push(part);
    yield { name: first.name, bytes: part.bytes, sourceBytes: part.sourceBytes };
  }
  const { name } = source;
  for (const { scales } of small) yield { name: `${name}.scales`, bytes: scales, sourceBytes: 0 };
  for (const { zeros } of small) if (zeros) yield { name: `${name}.zeros`, bytes: zeros, sourceBytes: 0 };
  if (!quantize?.int8) return;
  yield { name: `${name}.int8`, bytes: bytesOf(quantize.int8.values), sourceBytes: 0 };
  yield { name: `${name}.scale`, bytes: bytesOf(quantize.int8.scales), sourceBytes: 0 };
}

/** What goes with the blocks of some rows. */
interface SmallParts {
  readonly scales: Uint8Array;
  readonly zeros?: Uint8Array;
}

type Blocks = Extract<TensorTreatment, { kind: 'blocks' }>;

interface ByteRange {
  readonly offset: number;
  readonly length: number;
}

/** Cuts a tensor into runs of whole rows (of its last axis), so that blocks stay whole. */
function ranges({ dtype, dims, byteLength }: WeightInfo): readonly ByteRange[] {
  const rowElements = Math.max(1, dims.length > 1 ? (dims.at(-1) ?? 1) : elementCount(dims));
  const rowsPerPart = Math.max(1, Math.floor(partBytes / (rowElements * 4)));
  const step = rowsPerPart * rowElements * byteSize(dtype);
  return Array.from({ length: Math.ceil(byteLength / step) }, (_, i) => ({
    offset: i * step,
    length: Math.min(step, byteLength - i * step),
  }));
}

/** Quantises a tensor's rows into blocks, and into 8-bit integers where those are asked for. */
class BlockQuantizer {
  /** All of the tensor's integers, once every part has run. */
  readonly int8: Int8Matrix | undefined;
  readonly #source: WeightInfo;
  readonly #treatment: Blocks;
  readonly #options: ConvertTensorOptions;

  constructor(source: WeightInfo, treatment: Blocks, options: ConvertTensorOptions) {
    const [rows = 0, columns = 0] = source.dims;
    this.int8 = treatment.int8 ? new Int8Matrix({ rows, columns }) : undefined;
    this.#source = source;
    this.#treatment = treatment;
    this.#options = options;
  }

  /** Quantises the rows that lie at `range`. The values are given away. */
  async run(values: Float32Array, { offset }: ByteRange): Promise<SmallParts & { readonly bytes: Uint8Array }> {
    const { name, dtype, dims } = this.#source;
    const { bits, blockSize, zeros: hasZeros } = this.#treatment;
    const { quantize, slices } = this.#options;
    const columns = dims[1] ?? 0;
    const first = offset / (columns * byteSize(dtype));
    try {
      if (this.int8) await inSlices(fillSteps(this.int8, { first, values, columns }), slices);
      const quantized = await quantize({ values, columns, bits, blockSize, zeros: hasZeros });
      const { packed, scales, zeros } = quantized;
      return { bytes: packed, scales: bytesOf(decodeFloat16(scales)), ...(zeros && { zeros }) };
    } catch (cause) {
      throw new WeightError(`${name} cannot be quantised.`, {
        actual: cause instanceof Error ? cause.message : String(cause),
        remedy: 'The file is damaged, or the training of the model failed: compare it with the original.',
        cause,
      });
    }
  }
}

function bytesOf(array: Uint16Array | Int8Array | Float32Array): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}
