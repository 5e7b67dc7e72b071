import {
  AbortError,
  type DeviceTensor,
  type EncoderInput,
  type GridThw,
  type JointEncoder,
  MediaError,
  tensor,
  throwIfAborted,
  type WorkOptions,
} from '@vlmkit/core';
import { describe, expect, it } from 'vitest';
import { EncodingQueue } from './encoding-queue.js';
import { FakeEncoder, FakeProjector } from './testing/fakes.js';

/** Joins two neighbours at most, notes the patches of every run, and refuses negative ones. */
class NotingEncoder extends FakeEncoder {
  readonly runs: number[][] = [];
  readonly joint: JointEncoder = {
    plan: (grids: readonly GridThw[]) => grids.flatMap((_, i) => (i % 2 ? [] : [grids[i + 1] ? [i, i + 1] : [i]])),
    encode: (inputs, options) => this.#run(inputs, options),
  };

  override encode(input: EncoderInput, options?: WorkOptions): Promise<DeviceTensor> {
    return this.#run([input], options);
  }

  async #run(inputs: readonly EncoderInput[], { signal }: WorkOptions = {}): Promise<DeviceTensor> {
    throwIfAborted(signal);
    this.runs.push(inputs.map(({ patches }) => patches.data[0]!));
    if (inputs.some(({ patches }) => patches.data[0]! < 0)) throw new MediaError('It cannot be encoded.');
    const values = inputs.flatMap(({ patches }) => [...patches.data]);
    return super.encode({ patches: tensor('float32', [values.length / 2, 2], Float32Array.from(values)) });
  }
}

/** A picture of some visual tokens, all of one value. */
function picture(value: number, tokens = 1): EncoderInput {
  const patches = tensor('float32', [4 * tokens, 2], new Float32Array(8 * tokens).fill(value));
  return { patches, grid: [1, 2, 2 * tokens] };
}

function queued() {
  const encoder = new NotingEncoder();
  return { encoder, queue: new EncodingQueue({ encoder, inputProjector: new FakeProjector() }) };
}

describe('EncodingQueue', () => {
  it('encodes those that wait at the same time in the runs that the encoder plans, and hands each its own tokens', async () => {
    const { encoder, queue } = queued();
    const sizes = [1, 3, 2];
    const tokens = await Promise.all(sizes.map((size, i) => queue.encode(picture(i + 1, size))));
    expect(encoder.runs).toEqual([[1, 2], [3]]);
    for (const [i, { dims, data }] of tokens.entries()) {
      expect(dims).toEqual([sizes[i], 4]);
      expect(data).toEqual(new Float32Array(4 * sizes[i]!).fill(i + 1));
    }
    expect(queue.encoded).toBe(3);
  });

  it('lets those that come during a run join each other', async () => {
    const { encoder, queue } = queued();
    const first = queue.encode(picture(1));
    await undefined;
    await Promise.all([first, queue.encode(picture(2)), queue.encode(picture(3))]);
    expect(encoder.runs).toEqual([[1], [2, 3]]);
    await queue.encode(picture(4));
    expect(encoder.runs.at(-1)).toEqual([4]);
  });

  it('lets one that cannot be encoded fail alone', async () => {
    const { queue } = queued();
    const [bad, good] = await Promise.allSettled([queue.encode(picture(-1)), queue.encode(picture(2))]);
    expect(bad).toMatchObject({ status: 'rejected', reason: expect.any(MediaError) });
    expect(good).toMatchObject({ status: 'fulfilled', value: { data: new Float32Array(4).fill(2) } });
  });

  it('leaves out what was aborted while it waited', async () => {
    const { encoder, queue } = queued();
    const controller = new AbortController();
    const all = [queue.encode(picture(1)), queue.encode(picture(2), controller.signal), queue.encode(picture(3))];
    controller.abort();
    const settled = await Promise.allSettled(all);
    expect(settled.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(settled[1]).toMatchObject({ reason: expect.any(AbortError) });
    expect(encoder.runs).toEqual([[1, 3]]);
  });

  it('aborts a run when all that it is for are aborted', async () => {
    const { encoder, queue } = queued();
    const signals = [{ aborted: false }, { aborted: false }];
    const seen: boolean[] = [];
    encoder.joint.encode = async (_, options) => {
      seen.push(options?.signal?.aborted ?? false);
      signals[0]!.aborted = true;
      seen.push(options?.signal?.aborted ?? false);
      signals[1]!.aborted = true;
      throwIfAborted(options?.signal);
      throw new Error('not aborted');
    };
    const settled = await Promise.allSettled(signals.map((signal, i) => queue.encode(picture(i), signal)));
    expect(seen).toEqual([false, false]);
    for (const one of settled) expect(one).toMatchObject({ reason: expect.any(AbortError) });
  });
});
