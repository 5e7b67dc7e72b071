import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { checkpointPath, readSamples, sampleMessages, samplesPath } from './index.js';

describe('the checkpoint', () => {
  it('is a complete Hugging Face folder of at most 12 MB', async () => {
    const files = await readdir(checkpointPath());
    expect(files).toEqual(
      expect.arrayContaining([
        'config.json',
        'generation_config.json',
        'model.safetensors',
        'preprocessor_config.json',
        'tokenizer.json',
        'tokenizer_config.json',
      ]),
    );
    expect((await stat(join(checkpointPath(), 'model.safetensors'))).size).toBeLessThanOrEqual(12e6);
  });

  it('has the mechanisms of Qwen2.5-VL', async () => {
    const config = JSON.parse(await readFile(join(checkpointPath(), 'config.json'), 'utf8'));
    expect(config.model_type).toBe('qwen2_5_vl');
    const { vision_config: vision } = config;
    expect(vision.fullatt_block_indexes.length).toBeGreaterThan(0);
    expect(vision.fullatt_block_indexes.length).toBeLessThan(vision.depth);
    expect(vision.out_hidden_size).toBe(config.hidden_size);
    expect(config.num_key_value_heads).toBeLessThan(config.num_attention_heads);
    const sections: readonly number[] = config.rope_scaling.mrope_section;
    expect(sections.reduce((a, b) => a + b) * 2 * config.num_attention_heads).toBe(config.hidden_size);
  });
});

describe('the samples', () => {
  it('name files that exist and agree with their form', async () => {
    const samples = await readSamples();
    expect(samples.length).toBeGreaterThan(20);
    for (const sample of samples) {
      expect(sample.resized).toHaveLength(sample.images.length);
      for (const file of [...sample.images, ...(sample.video?.frames ?? [])]) {
        expect((await stat(join(samplesPath(), file))).isFile()).toBe(true);
      }
      for (const turn of sample.turns) expect(turn.output_ids.at(-1)).toBe(1012);
    }
  });

  it('become conversations that end with the question asked', async () => {
    const samples = await readSamples();
    const twoTurns = samples.find((sample) => sample.images.length === 1 && sample.turns.length === 2);
    if (!twoTurns) throw new Error('No sample with a picture and two turns.');
    expect(sampleMessages(twoTurns).map((message) => message.role)).toEqual(['user', 'assistant', 'user']);
    expect(sampleMessages(twoTurns, 0)).toEqual([
      {
        role: 'user',
        content: [
          { type: 'image', image: join(samplesPath(), twoTurns.images[0] ?? '') },
          { type: 'text', text: twoTurns.turns[0]?.question },
        ],
      },
    ]);
    expect(() => sampleMessages(twoTurns, 2)).toThrow(/Expected 0 to 1/);
  });

  it('give a clip as frames with their sampling rate', async () => {
    const clip = (await readSamples()).find((sample) => sample.video);
    if (!clip?.video) throw new Error('No sample with a clip.');
    const [message] = sampleMessages(clip, 0);
    expect(message?.content[0]).toMatchObject({
      type: 'video',
      sample_fps: clip.video.fps,
      resized_height: clip.video.resized[0],
    });
    expect(clip.second_per_grid_ts).toBe(2 / clip.video.fps);
  });
});
