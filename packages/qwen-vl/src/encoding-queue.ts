import {
  AbortError,
  type AbortSignalLike,
  type DeviceTensor,
  type EncoderInput,
  type InputProjector,
  type ModalityEncoder,
  type Tensor,
  tensor,
} from '@vlmkit/core';

/** The modules that turn a picture or clip into visual tokens. */
export interface VisionModules {
  readonly encoder: ModalityEncoder;
  readonly inputProjector: InputProjector;
}

interface Waiting {
  readonly input: EncoderInput;
  readonly signal: AbortSignalLike | undefined;
  readonly resolve: (tokens: Tensor<'float32'>) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Encodes pictures and clips in the order in which they come, those in one run that are faster so: small ones that wait
 * at the same time, of one prompt or of several.
 */
export class EncodingQueue {
  readonly #modules: VisionModules;
  #waiting: Waiting[] = [];
  #runs = false;
  #encoded = 0;

  constructor(modules: VisionModules) {
    this.#modules = modules;
  }

  /** Pictures and clips encoded so far. */
  get encoded(): number {
    return this.#encoded;
  }

  /**
   * Visual tokens [v, h] of one picture or clip, on the host. A run is aborted when all that it is for are.
   *
   * @throws AbortError when `signal` was aborted, and whatever the modules throw.
   */
  encode(input: EncoderInput, signal?: AbortSignalLike): Promise<Tensor<'float32'>> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ input, signal, resolve, reject });
      if (!this.#runs) void this.#work();
    });
  }

  async #work(): Promise<void> {
    this.#runs = true;
    // What is asked for in one go is there by then.
    await undefined;
    for (let run = this.#next(); run.length > 0; run = this.#next()) await this.#finish(run);
    this.#runs = false;
  }

  /** Takes those of the next run out of the queue. */
  #next(): readonly Waiting[] {
    const { joint } = this.#modules.encoder;
    for (const { reject } of this.#waiting.filter(isAborted)) reject(new AbortError());
    this.#waiting = this.#waiting.filter((one) => !isAborted(one));
    const [first] = joint?.plan(this.#waiting.map(({ input }) => input.grid)) ?? [];
    return this.#waiting.splice(0, Math.max(1, first?.length ?? 1));
  }

  async #finish(run: readonly Waiting[]): Promise<void> {
    try {
      const tokens = await this.#compute(run);
      run.forEach(({ resolve }, index) => {
        resolve(tokens[index]!);
      });
    } catch (error) {
      // One that cannot be encoded fails alone.
      if (run.length > 1) for (const one of run) await this.#finish([one]);
      else run[0]?.reject(error);
    }
  }

  async #compute(run: readonly Waiting[]): Promise<Tensor<'float32'>[]> {
    const { encoder, inputProjector } = this.#modules;
    const work = { signal: whenAll(run) };
    const inputs = run.map(({ input }) => input);
    const [only] = inputs;
    const features = await (encoder.joint && inputs.length > 1
      ? encoder.joint.encode(inputs, work)
      : encoder.encode(only!, work));
    const tokens = await this.#project(features, work.signal);
    this.#encoded += run.length;
    return splitRows(
      tokens,
      inputs.map(({ grid: [t, h, w] }) => (t * h * w) / inputProjector.featuresPerToken),
    );
  }

  /** Disposes of the features. */
  async #project(features: DeviceTensor, signal: AbortSignalLike): Promise<Tensor<'float32'>> {
    try {
      const projected = await this.#modules.inputProjector.project(features, { signal });
      try {
        const tokens = await projected.download();
        if (tokens.dtype !== 'float32') throw new TypeError(`The input projector gave ${tokens.dtype}, not float32.`);
        return tokens as Tensor<'float32'>;
      } finally {
        projected.dispose();
      }
    } finally {
      features.dispose();
    }
  }
}

function isAborted({ signal }: Waiting): boolean {
  return signal?.aborted === true;
}

/** Aborted when all are. */
function whenAll(run: readonly Waiting[]): AbortSignalLike {
  return {
    get aborted() {
      return run.every(isAborted);
    },
  };
}

/** [a + b + …, w] to [a, w], [b, w] …, of which each has memory of its own. */
function splitRows(rows: Tensor<'float32'>, counts: readonly number[]): Tensor<'float32'>[] {
  if (counts.length === 1) return [rows];
  const width = rows.dims[1]!;
  let start = 0;
  return counts.map((count) => {
    const data = rows.data.slice(start * width, (start + count) * width);
    start += count;
    return tensor('float32', [count, width], data);
  });
}
