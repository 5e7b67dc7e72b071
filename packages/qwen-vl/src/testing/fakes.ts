import {
  type BackboneInput,
  type BackboneState,
  type DeviceTensor,
  type ForwardOptions,
  type InputProjector,
  type LanguageBackbone,
  type ModalityEncoder,
  type Tensor,
  tensor,
} from '@vlmkit/core';

/** A backbone that answers with a fixed sequence and notes what it was fed. */
export class FakeBackbone implements LanguageBackbone {
  readonly hiddenSize = 4;
  readonly vocabularySize = 1024;
  readonly contextLength: number;
  /** One entry for every call of `forward`: the ids fed and the visual slots filled. */
  readonly calls: {
    readonly tokenIds: readonly number[];
    readonly slots: readonly number[];
    readonly start: number;
  }[] = [];
  states = 0;
  /** Called before a state grows. States cannot grow where it is not there. */
  onGrow: ((capacity: number) => Promise<void>) | undefined;
  readonly #script: readonly number[];
  #next = 0;

  /** @param script ids that the answers consist of, one a run, over and over. */
  constructor(script: readonly number[], contextLength = 2048) {
    this.#script = script;
    this.contextLength = contextLength;
  }

  createState(capacity: number): BackboneState {
    this.states += 1;
    const note = (input: BackboneInput, start: number) =>
      this.calls.push({ tokenIds: input.tokenIds, slots: input.visual?.slots ?? [], start });
    const next = () => this.#script[this.#next++ % this.#script.length]!;
    const { onGrow } = this;
    let length = 0;
    let room = capacity;
    return {
      get capacity() {
        return room;
      },
      byteLength: 0,
      get length() {
        return length;
      },
      forward: async (input: BackboneInput, options: ForwardOptions = {}) => {
        note(input, length);
        length += input.tokenIds.length;
        const rows = options.logitRows ?? 1;
        const data = new Float32Array(rows * 1024);
        data[(rows - 1) * 1024 + next()] = 1;
        return { logits: tensor('float32', [rows, 1024], data) };
      },
      truncate: (to: number) => {
        length = Math.min(length, to);
      },
      dispose: () => undefined,
      ...(onGrow && {
        grow: async (wanted: number) => {
          await onGrow(wanted);
          room = wanted;
        },
      }),
    };
  }

  async dispose(): Promise<void> {}
}

/** An encoder that gives each patch its mean, four times over. */
export class FakeEncoder implements ModalityEncoder {
  readonly featureSize = 4;
  encoded = 0;

  async encode({ patches }: { readonly patches: Tensor<'float32'> }): Promise<DeviceTensor> {
    this.encoded += 1;
    const [count = 0, width = 1] = patches.dims;
    const data = new Float32Array(count * 4);
    for (let p = 0; p < count; p++) {
      const row = patches.data.subarray(p * width, (p + 1) * width);
      data.fill(row.reduce((sum, value) => sum + value, 0) / width, p * 4, p * 4 + 4);
    }
    return hostBacked(tensor('float32', [count, 4], data));
  }

  async dispose(): Promise<void> {}
}

/** A projector that keeps the first feature of every four. */
export class FakeProjector implements InputProjector {
  readonly featuresPerToken = 4;
  readonly tokenSize: number;

  constructor(tokenSize = 4) {
    this.tokenSize = tokenSize;
  }

  async project(features: DeviceTensor): Promise<DeviceTensor> {
    const { dims, data } = (await features.download()) as Tensor<'float32'>;
    const count = dims[0]! / 4;
    const kept = new Float32Array(count * this.tokenSize);
    for (let i = 0; i < count; i++) kept.set(data.subarray(i * 16, i * 16 + this.tokenSize), i * this.tokenSize);
    return hostBacked(tensor('float32', [count, this.tokenSize], kept));
  }

  async dispose(): Promise<void> {}
}

function hostBacked(value: Tensor): DeviceTensor {
  return {
    location: 'device',
    dtype: value.dtype,
    dims: value.dims,
    download: async () => value,
    dispose: () => undefined,
  };
}
