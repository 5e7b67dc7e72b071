import { join } from 'node:path';
import { samplesPath } from '@vlmkit/demo-model';
import { describe, expect, it } from 'vitest';
import { runCli } from './testing/run-cli.js';

const image = join(samplesPath(), 'shapes1.png');
const frames = [0, 1, 2, 3].map((i) => join(samplesPath(), 'clip_turn', `00${i}.png`));

describe('limits of pixels', () => {
  it('size the pictures and clips of generate', async () => {
    const args = ['--prompt', 'What is it?', '--device', 'cpu', '--json', '--max-new-tokens', '1'];
    const { stdout } = await runCli(['generate', '--image', image, '--max-pixels', '12544', ...args]);
    const [{ resized }] = JSON.parse(stdout).images;
    expect(resized.width * resized.height).toBeLessThanOrEqual(12544);
    const clip = await runCli([
      'generate',
      '--video',
      join(samplesPath(), 'clip_turn'),
      '--max-pixels',
      '6272',
      ...args,
    ]);
    expect(clip.stderr).toMatch(/--max-pixels/);
    const small = ['--min-pixels', '3136', '--max-pixels', '6272'];
    const sized = await runCli(['generate', '--video', join(samplesPath(), 'clip_turn'), ...small, ...args]);
    const [{ resized: frame }] = JSON.parse(sized.stdout).videos;
    expect(frame.width * frame.height).toBeLessThanOrEqual(6272);
  });

  it('are options of every command that shows the model a picture, and errors name them', async () => {
    const impossible = ['--min-pixels', '20000', '--max-pixels', '10000', '--device', 'cpu'];
    for (const args of [
      ['ask', image, 'What?'],
      ['describe', image],
      ['ground', image, 'circle'],
      ['video', ...frames, 'What?'],
    ]) {
      const { code, stderr } = await runCli([...args, ...impossible]);
      expect(stderr).toMatch(/--max-pixels/);
      expect(stderr).not.toMatch(/maxPixels|unknown option/);
      expect(code).toBe(1);
    }
    const { stderr } = await runCli(['chat', '--image', image, ...impossible], { input: 'What?\n' });
    expect(stderr).toMatch(/--min-pixels is above --max-pixels/);
  });
});
