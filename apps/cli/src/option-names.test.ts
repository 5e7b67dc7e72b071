import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigError, MediaError, PromptError } from '@vlmkit/core';
import { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { withClipOptions } from './clip-options.js';
import { messageForUser } from './option-names.js';
import { runCli } from './testing/run-cli.js';

const command = () => withClipOptions(new Command('video').option('--messages <file>'));

describe('messageForUser', () => {
  it('names options as the command does', () => {
    const error = new MediaError('minPixels is above max_pixels.', { remedy: 'Change videoStart, nframes or fps.' });
    expect(messageForUser(error, command())).toBe(
      '--min-pixels is above --max-pixels. Change --start, --nframes or --fps.',
    );
    expect(messageForUser(error, new Command('inspect'))).toBe(
      'min_pixels is above max_pixels. Change video_start, nframes or fps.',
    );
  });

  it('names the fields of a messages file where pictures come from one', () => {
    const parsed = command().parse(['--messages', 'a.json'], { from: 'user' });
    expect(messageForUser(new MediaError('Lower maxPixels.'), parsed)).toBe('Lower max_pixels.');
  });

  it('keeps what the author of a messages file wrote', () => {
    const parsed = command().parse(['--messages', 'a.json'], { from: 'user' });
    const details = { expected: 'image, max_pixels', actual: 'maxPixels', remedy: 'Write max_pixels.' };
    expect(messageForUser(new PromptError('Message 1, part 1 has an unknown field.', details), parsed)).toBe(
      'Message 1, part 1 has an unknown field. Expected image, max_pixels. Found maxPixels. Write max_pixels.',
    );
  });

  it('advises nothing that no option does', () => {
    for (const [remedy, shown] of [
      ['Scale it down first, or raise pixelLimit if you trust it.', 'Scale it down first.'],
      ['Scale the picture down, or raise byteLimit.', 'Scale the picture down.'],
      ['Save the file and give that, or raise downloadTimeoutMs.', 'Save the file and give that.'],
    ] as const) {
      expect(messageForUser(new MediaError('It is too large.', { remedy }), command())).toBe(
        `It is too large. ${shown}`,
      );
    }
  });

  it('says what a video is where there is none', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'vlmkit-names-'));
    const file = join(folder, 'text.png');
    await writeFile(file, 'hello');
    const { code, stderr } = await runCli(['video', file, 'What happens?', '--device', 'cpu']);
    await rm(folder, { recursive: true });
    expect(stderr).toMatch(/text\.png cannot be read as a video\./);
    expect(stderr).not.toMatch(/Assertion/);
    expect(code).toBe(1);
  });

  it('leaves paths and fields of the checkpoint as they are', () => {
    const path = new MediaError('/fps/nframes/max_pixels.png and fps.mp4 cannot be read.');
    expect(messageForUser(path, command())).toBe(path.message);
    const config = new ConfigError('max_pixels of preprocessor_config.json is too small.');
    expect(messageForUser(config, command())).toBe(config.message);
  });
});
