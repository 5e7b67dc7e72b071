import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { filesFromMemory, openCheckpoint, openWeights } from '@vlmkit/checkpoint';
import { openFolder } from '@vlmkit/checkpoint/node';
import { checkpointPath, type DemoSample, readSamples, samplesPath } from '@vlmkit/demo-model';
import { loadQwenVL, readModelInfo } from '@vlmkit/qwen-vl';
import { createNodeMedia } from '@vlmkit/qwen-vl/node';
import { createNodeRuntime } from '@vlmkit/runtime-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCli } from './testing/run-cli.js';

let folder: string;
let samples: readonly DemoSample[];
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vlmkit-cli-'));
  samples = await readSamples();
});
afterAll(() => rm(folder, { recursive: true, force: true }));

function asking(text: string): DemoSample {
  return samples.find(({ turns }) => turns[0]!.question.includes(text))!;
}

async function generate(args: readonly string[]): Promise<Record<string, unknown>> {
  const { code, stdout, stderr } = await runCli(['generate', '--device', 'cpu', '--json', ...args]);
  expect(stderr).toBe('');
  expect(code).toBe(0);
  return JSON.parse(stdout) as Record<string, unknown>;
}

describe('vlmkit generate --json', () => {
  it('prints one object with the answer of the reference, and where its things are', async () => {
    const { images, resized, turns } = asking('Locate the red circle');
    const [{ question, answer, output_ids, prompt_len }] = turns as [(typeof turns)[0]];
    const image = join(samplesPath(), images[0]!);
    const printed = await generate(['--image', image, '--prompt', question]);
    const [height, width] = resized[0]!;
    expect(printed).toEqual({
      text: answer,
      token_ids: output_ids,
      prompt_tokens: prompt_len,
      finish_reason: 'stop',
      images: [{ original: { width: expect.any(Number), height: expect.any(Number) }, resized: { width, height } }],
      boxes: [expect.objectContaining({ label: 'red circle' })],
      timings: {
        load_ms: expect.any(Number),
        preprocess_ms: expect.any(Number),
        vision_ms: expect.any(Number),
        prefill_ms: expect.any(Number),
        decode_ms: expect.any(Number),
      },
    });
    const timings = Object.values(printed.timings as Record<string, number>);
    expect(timings.every((ms) => Number.isFinite(ms) && ms >= 0)).toBe(true);
    const [{ box }] = printed.boxes as [{ box: readonly number[] }];
    const [{ original }] = printed.images as [{ original: { width: number; height: number } }];
    const [seen] = (JSON.parse(answer.replace(/```(json)?/g, '')) as [{ bbox_2d: readonly number[] }]).map(
      ({ bbox_2d }) => bbox_2d,
    );
    const scales = [original.width / width, original.height / height];
    expect(box).toEqual(seen!.map((value, i) => expect.closeTo(value * scales[i % 2]!, 1)));
  });

  it('takes messages with paths relative to their file', async () => {
    const { images, turns } = asking('Which image has a star?');
    for (const image of images) await copyFile(join(samplesPath(), image), join(folder, image));
    const content = [...images.map((image) => ({ type: 'image', image })), { type: 'text', text: turns[0]!.question }];
    await writeFile(join(folder, 'messages.json'), JSON.stringify([{ role: 'user', content }]));
    const printed = await generate(['--messages', join(folder, 'messages.json')]);
    expect(printed).toMatchObject({ text: turns[0]!.answer, token_ids: turns[0]!.output_ids });
    expect(printed.images).toHaveLength(2);
    expect(printed).not.toHaveProperty('boxes');
    const numbered = await generate(['--messages', join(folder, 'messages.json'), '--add-vision-id']);
    const checkpoint = await openCheckpoint(await openFolder(checkpointPath()));
    const { tokenizer } = await readModelInfo(checkpoint);
    await checkpoint.close();
    const added = tokenizer.encode('Picture 1: ').length + tokenizer.encode('Picture 2: ').length;
    expect(numbered.prompt_tokens).toBe((printed.prompt_tokens as number) + added);
  });

  it('keeps to the options of generation', async () => {
    const whole = asking('Hello!').turns[0]!;
    const cut = await generate(['--prompt', 'Hello!', '--max-new-tokens', '2']);
    expect(cut).toMatchObject({ finish_reason: 'length', token_ids: whole.output_ids.slice(0, 2), images: [] });
    const stopped = await generate(['--prompt', 'Hello!', '--stop', 'image']);
    expect(stopped).toMatchObject({ finish_reason: 'stop', text: whole.answer.split('image')[0] });
    const sampling = ['--temperature', '3', '--top-p', '0.99', '--top-k', '50', '--repetition-penalty', '1.1'];
    const drawn = await Promise.all(
      ['1', '1', '2'].map((seed) =>
        generate(['--prompt', 'Tell me a story', ...sampling, '--seed', seed, '--max-new-tokens', '24']),
      ),
    );
    expect(drawn[1]!.token_ids).toEqual(drawn[0]!.token_ids);
    expect(drawn[2]!.token_ids).not.toEqual(drawn[0]!.token_ids);
  });
});

describe('vlmkit inspect', () => {
  it('writes the stages that the library gives', async () => {
    const { video, turns } = asking('When does the circle turn green?');
    const content = [
      { type: 'image', image: join(samplesPath(), 'shapes1.png') } as const,
      {
        type: 'video',
        video: video!.frames.map((frame) => join(samplesPath(), frame)),
        sample_fps: video!.fps,
      } as const,
      { type: 'text', text: turns[0]!.question } as const,
    ];
    const messages = [{ role: 'user', content } as const];
    const file = join(folder, 'inspect.json');
    const out = join(folder, 'stages.safetensors');
    await writeFile(file, JSON.stringify(messages));
    const { code, stdout } = await runCli([
      'inspect',
      '--device',
      'cpu',
      '--messages',
      file,
      '--out',
      out,
      '--new-tokens',
      '8',
    ]);
    expect(code).toBe(0);
    const written = await openWeights(filesFromMemory(new Map([['model.safetensors', await readFile(out)]])));
    const checkpoint = await openCheckpoint(await openFolder(checkpointPath()));
    const runtime = await createNodeRuntime({ device: 'cpu' });
    const media = createNodeMedia();
    try {
      const model = await loadQwenVL({ checkpoint, runtime, media });
      const stages = await model.inspect(messages, { newTokens: 8 });
      expect([...written.names].sort()).toEqual(Object.keys(stages).sort());
      for (const [name, stage] of Object.entries(stages)) {
        expect(await written.read(name), name).toEqual(stage);
        expect(stdout).toContain(`${name.padEnd(20)} ${stage.dtype.padEnd(8)} [${stage.dims.join(', ')}]`);
      }
      expect(stages.logits!.dims[0]).toBe(32);
      expect((await runCli(['inspect', '--help'])).stdout).toMatch(/logits\s+of\s+the\s+last\s+32\s+positions/);
      expect(Object.keys(stages).sort()).toEqual([
        'generated_ids',
        'image_embeds',
        'image_grid_thw',
        'input_ids',
        'logits',
        'pixel_values',
        'pixel_values_videos',
        'position_ids',
        'rope_delta',
        'second_per_grid_ts',
        'video_embeds',
        'video_grid_thw',
      ]);
      await model.dispose();
    } finally {
      await media.dispose();
      await runtime.dispose();
      await checkpoint.close();
    }
  });
});
