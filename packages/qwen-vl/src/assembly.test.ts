import { openCheckpoint } from '@vlmkit/checkpoint';
import { openFolder } from '@vlmkit/checkpoint/node';
import {
  type DeviceTensor,
  type EncoderInput,
  type LanguageBackbone,
  type ModalityEncoder,
  type ModalityGenerator,
  type OutputProjector,
  type Runtime,
  type Session,
  tensor,
} from '@vlmkit/core';
import { checkpointPath, sampleMessages } from '@vlmkit/demo-model';
import { GraphBuilder } from '@vlmkit/onnx-graph';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type LoadQwenVLOptions, loadQwenVL, type MediaSource, QwenVL, readModelInfo } from './index.js';
import { type Demo, openDemo, sampleAsking } from './testing/demo.js';
import { FakeBackbone, FakeEncoder, FakeProjector } from './testing/fakes.js';

let demo: Demo;
beforeAll(async () => {
  demo = await openDemo();
});
afterAll(() => demo?.close());

describe('a model of modules of one’s own', () => {
  const oneToken: MediaSource = {
    image: async () => ({
      kind: 'image',
      patches: tensor('float32', [4, 1176], new Float32Array(4 * 1176).fill(0.25)),
      grid: [1, 2, 2],
      original: { width: 28, height: 28 },
      resized: { width: 28, height: 28 },
    }),
  };
  const messages = [
    {
      role: 'user',
      content: [{ type: 'image', image: 'anything' } as const, { type: 'text', text: 'What?' } as const],
    },
  ] as const;

  it('takes pictures through its encoder and answers with its backbone', async () => {
    const { info } = demo.model;
    const script = [...info.tokenizer.encode('a red circle'), info.stopIds[0]!];
    const encoder = new FakeEncoder();
    const backbone = new FakeBackbone(script);
    const modules = { encoder, inputProjector: new FakeProjector(), backbone };
    const model = new QwenVL({ info, modules, media: oneToken });
    const answer = await model.ask(messages);
    expect(answer).toMatchObject({ text: 'a red circle', tokenIds: script, finishReason: 'stop' });
    expect(encoder.encoded).toBe(1);
    const [prefill, ...steps] = backbone.calls;
    expect(prefill!.slots).toEqual([prefill!.tokenIds.indexOf(info.visualTokens.image)]);
    expect(steps.map(({ tokenIds }) => tokenIds)).toEqual(script.slice(0, -1).map((id) => [id]));
    const { image_embeds: embeds } = await model.inspect(messages);
    expect(embeds).toEqual(tensor('float32', [1, 4], new Float32Array(4).fill(0.25)));
  });

  it('refuses options before it reads pictures', async () => {
    const media: MediaSource = { image: () => Promise.reject(new Error('The picture was read.')) };
    const modules = {
      encoder: new FakeEncoder(),
      inputProjector: new FakeProjector(),
      backbone: new FakeBackbone([1]),
    };
    const model = new QwenVL({ info: demo.model.info, modules, media });
    const wrong: readonly (readonly [object, RegExp])[] = [
      [{ topLogprobs: 1.5 }, /topLogprobs is out of range\. Expected a count of 0 or more\. Found 1\.5\./],
      [{ temperature: '0.5' }, /temperature is out of range\. .* Found "0\.5"\./],
      [{ logitBias: { 1024: 1 } }, /Expected ids below 1024, the size of the vocabulary\. Found 1024\./],
      [{ stopTokenIds: [1024] }, /Expected a list of ids from 0 to 1023\. Found 1024\./],
    ];
    for (const [options, message] of wrong) await expect(model.ask(messages, options)).rejects.toThrow(message);
    await expect(model.ask(messages, { topLogprobs: 1e6, logitBias: { 1023: 1 } })).rejects.toThrow('The picture was');
  });

  it('may have all five modules, which it frees', async () => {
    const freed: string[] = [];
    const freeing = <T extends object>(name: string, module: T): T & { dispose(): Promise<void> } =>
      Object.assign(module, { dispose: async () => void freed.push(name) });
    const outputProjector: OutputProjector = freeing('outputProjector', {
      conditionSize: 2,
      project: async () => tensor('float32', [1, 2], new Float32Array(2)),
    });
    const generator: ModalityGenerator<string> = freeing('generator', {
      modality: 'image' as const,
      generate: async () => 'a picture',
    });
    const model = new QwenVL({
      info: demo.model.info,
      modules: {
        encoder: freeing('encoder', new FakeEncoder()),
        inputProjector: freeing('inputProjector', new FakeProjector()),
        backbone: freeing('backbone', new FakeBackbone([1])),
        outputProjector,
        generator,
      },
      media: oneToken,
    });
    const conditions = await model.modules.outputProjector!.project(tensor('float32', [1, 4], new Float32Array(4)));
    expect(await model.modules.generator!.generate(conditions)).toBe('a picture');
    await model.dispose();
    expect(freed.sort()).toEqual(['backbone', 'encoder', 'generator', 'inputProjector', 'outputProjector']);
  });
});

describe('a checkpoint with a module of one’s own', () => {
  const load = async (modules: LoadQwenVLOptions['modules'] = {}) => {
    const checkpoint = await openCheckpoint(await openFolder(checkpointPath()));
    try {
      return await loadQwenVL({ checkpoint, runtime: demo.runtime, media: demo.media, modules });
    } finally {
      await checkpoint.close();
    }
  };

  it('puts another encoder before its own projector and backbone', async () => {
    const encoder = await LinearEncoder.create(demo.runtime, 128);
    const model = await load({ encoder });
    const messages = sampleMessages(sampleAsking(demo.samples, 'What color is the star?'));
    const own = await model.inspect(messages, { newTokens: 4 });
    const original = await demo.model.inspect(messages, { newTokens: 4 });
    expect(own.pixel_values).toEqual(original.pixel_values);
    expect(own.image_embeds!.dims).toEqual(original.image_embeds!.dims);
    expect(own.image_embeds!.data).not.toEqual(original.image_embeds!.data);
    expect(own.logits!.data.every(Number.isFinite)).toBe(true);
    expect(encoder.encoded).toBe(1);
    await model.dispose();
    expect(encoder.disposed).toBe(true);
  });

  it('puts another backbone behind its own encoder and projector', async () => {
    const { info } = demo.model;
    const script = [...info.tokenizer.encode('something else'), info.stopIds[0]!];
    const fake = new FakeBackbone(script);
    // The fake is written for visual tokens of another width, which it does not look at.
    const backbone: LanguageBackbone = {
      hiddenSize: 192,
      vocabularySize: fake.vocabularySize,
      contextLength: fake.contextLength,
      createState: (capacity) => fake.createState(capacity),
      dispose: () => fake.dispose(),
    };
    const model = await load({ backbone });
    const messages = sampleMessages(sampleAsking(demo.samples, 'What color is the star?'));
    expect((await model.ask(messages)).text).toBe('something else');
    const original = await demo.model.inspect(messages);
    expect((await model.inspect(messages)).image_embeds).toEqual(original.image_embeds);
    expect(fake.calls[0]!.slots).toHaveLength(original.image_embeds!.dims[0]!);
    await model.dispose();
  });

  it('refuses modules that do not fit together', async () => {
    await expect(load({ backbone: new FakeBackbone([1]) })).rejects.toThrow(
      /do not fit together. Expected visual tokens of width 4. Found width 192/,
    );
  });

  it('reads what prompts depend on without weights', async () => {
    const checkpoint = await openCheckpoint(await openFolder(checkpointPath()));
    expect(await readModelInfo(checkpoint)).toMatchObject({
      family: 'qwen2_5_vl',
      mergeSize: 2,
      stopIds: [1012, 1010],
    });
    await checkpoint.close();
  });
});

/** An encoder of one matrix product, on a runtime. */
class LinearEncoder implements ModalityEncoder {
  readonly featureSize: number;
  encoded = 0;
  disposed = false;
  readonly #session: Session;

  private constructor(session: Session, featureSize: number) {
    this.#session = session;
    this.featureSize = featureSize;
  }

  static async create(runtime: Runtime, featureSize: number): Promise<LinearEncoder> {
    const graph = new GraphBuilder();
    const patches = graph.input('patches', 'float32', ['p', 1176]);
    const values = Float32Array.from({ length: 1176 * featureSize }, (_, i) => Math.sin(i) / 30);
    const features = graph.op('MatMul', [patches, graph.constant(tensor('float32', [1176, featureSize], values))]);
    graph.output('features', features, ['p', featureSize]);
    return new LinearEncoder(await runtime.createSession(graph.finish('linear-encoder')), featureSize);
  }

  async encode({ patches }: EncoderInput): Promise<DeviceTensor> {
    this.encoded += 1;
    return (await this.#session.run({ patches }, { keep: ['features'] })).device('features');
  }

  async dispose(): Promise<void> {
    this.disposed = true;
    await this.#session.dispose();
  }
}
