import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MediaError } from '@vlmkit/core';
import { samplesPath } from '@vlmkit/demo-model';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { clipPart } from './clip-options.js';
import { runCli } from './testing/run-cli.js';
import { UsageError } from './usage-error.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vlmkit-clip-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('clipPart', () => {
  it('takes the pictures of a folder in the order of their numbers', async () => {
    const frames = join(folder, 'frames');
    await mkdir(frames);
    for (const name of ['f10.png', 'f2.PNG', 'f1.jpg', 'notes.txt']) await writeFile(join(frames, name), '');
    const video = ['f1.jpg', 'f2.PNG', 'f10.png'].map((name) => join(frames, name));
    expect(await clipPart([frames], { sampleFps: 4 })).toEqual({ type: 'video', video, sample_fps: 4 });
  });

  it('refuses a folder without pictures', async () => {
    const empty = join(folder, 'empty');
    await mkdir(empty);
    await expect(clipPart([empty])).rejects.toBeInstanceOf(MediaError);
  });

  it('passes on how a file is sampled', async () => {
    const options = { fps: 1, start: 2, end: 3, minFrames: 4, maxPixels: 5, totalPixels: 6 };
    expect(await clipPart(['a.mp4'], options)).toEqual({
      type: 'video',
      video: 'a.mp4',
      fps: 1,
      video_start: 2,
      video_end: 3,
      min_frames: 4,
      max_pixels: 5,
      total_pixels: 6,
    });
  });

  it('refuses options of the other kind of clip', async () => {
    const frames = ['a.png', 'b.png'];
    for (const options of [{ fps: 1 }, { nframes: 4 }, { start: 0 }, { end: 1 }, { maxFrames: 4 }]) {
      await expect(clipPart(frames, options)).rejects.toBeInstanceOf(UsageError);
      await expect(clipPart(frames, options)).rejects.toThrow(/^--(fps|nframes|start|end|max-frames) chooses frames/);
    }
    await expect(clipPart(['a.mp4'], { sampleFps: 1 })).rejects.toThrow(/^--sample-fps is the rate of a list/);
  });
});

describe('vlmkit video', () => {
  const frame = (i: number) => join(samplesPath(), 'clip_turn', `00${i}.png`);

  it('answers about a folder of frames', async () => {
    const args = ['What happens in this video?', '--sample-fps', '2', '--device', 'cpu'];
    const listed = await runCli(['video', ...[0, 1, 2, 3, 4, 5, 6, 7].map(frame), ...args]);
    const found = await runCli(['video', join(samplesPath(), 'clip_turn'), ...args]);
    expect(found.stdout).toBe(listed.stdout);
    expect([found.code, listed.code]).toEqual([0, 0]);
  });

  it('does not take the last frame for the question, nor an empty one', async () => {
    const forgotten = await runCli(['video', frame(0), frame(1), frame(2)]);
    expect(forgotten).toMatchObject({ code: 2, stdout: '' });
    expect(forgotten.stderr).toMatch(/^error: The question is missing\..*002\.png, which is a file/);
    for (const args of [
      ['video', frame(0), ''],
      ['ground', frame(0), ' '],
    ]) {
      const { code, stdout, stderr } = await runCli(args);
      expect([code, stdout]).toEqual([1, '']);
      expect(stderr).toMatch(/^error: The question is empty\./);
    }
  });
});
