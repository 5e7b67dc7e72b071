import { type AbortSignalLike, TimeSlices, type WeightFile, type WeightInfo, type WeightSource } from '@vlmkit/core';
import { assertRange } from '../files/checkpoint-files.js';
import { declaredBytes, type TensorDeclaration } from '../safetensors/encode.js';
import { weightSource } from '../weights/open-weights.js';
import { convertTensor, planTensor } from './convert-tensor.js';
import { quantizeSteps, type RowQuantizer } from './quantize-rows.js';
import { quantizationScheme, type SchemeOptions, treatmentOf } from './scheme.js';
import { inSlices } from './steps.js';

/** Options of {@link quantizeCheckpoint}. */
export interface QuantizeOptions extends SchemeOptions {
  /** Quantises rows; when left out on this thread, which does other things in between. */
  readonly quantize?: RowQuantizer | undefined;
  /** Called with a fraction in 0..1. */
  readonly onProgress?: ((fraction: number) => void) | undefined;
  readonly signal?: AbortSignalLike | undefined;
}

/**
 * Quantised weights in memory. Tensors that stay as they are are not read.
 *
 * @throws WeightError when a weight cannot be stored in the new type.
 * @throws AbortError when `signal` is aborted.
 */
export async function quantizeWeights(weights: WeightSource, options: QuantizeOptions): Promise<WeightSource> {
  const slices = new TimeSlices();
  const { quantize = (rows) => inSlices(quantizeSteps(rows), slices), onProgress, signal } = options;
  const scheme = quantizationScheme(options);
  const sources = weights.names.map((name) => weights.info(name));
  const totalBytes = sources.reduce((sum, { byteLength }) => sum + byteLength, 0);
  let doneBytes = 0;
  const infos = new Map<string, WeightInfo>();
  for (const source of sources) {
    const plan = planTensor(source, treatmentOf(source, scheme));
    if (plan.treatment.kind === 'keep') {
      infos.set(source.name, source);
      doneBytes += source.byteLength;
      continue;
    }
    const results = new Map(plan.results.map((result) => [result.name, new ResultBuffer(result)]));
    for await (const part of convertTensor(plan, { quantize, slices, concurrency: 2, ...(signal && { signal }) })) {
      results.get(part.name)?.append(part.bytes);
      doneBytes += part.sourceBytes;
      onProgress?.(doneBytes / totalBytes);
    }
    for (const [name, result] of results) infos.set(name, result.info());
  }
  return weightSource(infos, 'memory');
}

/** One converted tensor in memory, which is also the file that it lies in. */
class ResultBuffer {
  readonly #declaration: TensorDeclaration;
  readonly #bytes: Uint8Array;
  #filled = 0;

  constructor(declaration: TensorDeclaration) {
    this.#declaration = declaration;
    this.#bytes = new Uint8Array(declaredBytes(declaration));
  }

  append(bytes: Uint8Array): void {
    this.#bytes.set(bytes, this.#filled);
    this.#filled += bytes.length;
  }

  info(): WeightInfo {
    const { name } = this.#declaration;
    const bytes = this.#bytes;
    const file: WeightFile = {
      location: name,
      byteLength: bytes.byteLength,
      async read(offset, length) {
        assertRange(name, bytes.byteLength, { offset, length });
        return bytes.subarray(offset, offset + length);
      },
    };
    return { ...this.#declaration, file, offset: 0, byteLength: bytes.byteLength };
  }
}
