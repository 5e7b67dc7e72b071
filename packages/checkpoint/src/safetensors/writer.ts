import { WeightError } from '@vlmkit/core';
import { declaredBytes, encodeSafetensorsHeader, type TensorDeclaration } from './encode.js';

/** Where bytes are appended. */
export interface ByteSink {
  write(bytes: Uint8Array): Promise<void>;
}

/** What a streamed file will hold. */
export interface SafetensorsWriterOptions {
  readonly sink: ByteSink;
  /** The tensors, in the order in which their bytes will be written. */
  readonly tensors: readonly TensorDeclaration[];
  readonly metadata?: Readonly<Record<string, string>> | undefined;
}

/**
 * Writes a safetensors file front to back without holding a tensor in memory. Sizes are declared first; the bytes of each
 * tensor follow in the declared order, in parts of any size.
 */
export class SafetensorsWriter {
  readonly #sink: ByteSink;
  readonly #pending: { readonly name: string; missing: number }[];
  readonly #header: Uint8Array;
  #started = false;

  constructor({ sink, tensors, metadata }: SafetensorsWriterOptions) {
    this.#sink = sink;
    this.#header = encodeSafetensorsHeader(tensors, metadata);
    this.#pending = tensors.map((declaration) => ({ name: declaration.name, missing: declaredBytes(declaration) }));
  }

  /**
   * Appends bytes of the tensor whose turn it is.
   *
   * @throws WeightError when it is another tensor's turn or the bytes exceed what was declared.
   */
  async write(name: string, bytes: Uint8Array): Promise<void> {
    this.#dropFilled();
    const current = this.#pending[0];
    if (current?.name !== name || bytes.byteLength > current.missing) {
      throw new WeightError(`${bytes.byteLength} bytes of ${name} were written out of turn.`, {
        expected: current ? `at most ${current.missing} bytes of ${current.name}` : 'no more bytes',
      });
    }
    await this.#start();
    current.missing -= bytes.byteLength;
    await this.#sink.write(bytes);
  }

  /**
   * Ends the file.
   *
   * @throws WeightError when a tensor lacks bytes.
   */
  async finish(): Promise<void> {
    this.#dropFilled();
    const current = this.#pending[0];
    if (current) throw new WeightError(`${current.name} lacks ${current.missing} of its bytes.`);
    await this.#start();
  }

  async #start(): Promise<void> {
    if (this.#started) return;
    this.#started = true;
    await this.#sink.write(this.#header);
  }

  #dropFilled(): void {
    while (this.#pending[0]?.missing === 0) this.#pending.shift();
  }
}
