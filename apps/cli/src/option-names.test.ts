import { ConfigError, MediaError } from '@vlmkit/core';
import { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { withClipOptions } from './clip-options.js';
import { messageForUser } from './option-names.js';

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

  it('leaves paths and fields of the checkpoint as they are', () => {
    const path = new MediaError('/fps/nframes/max_pixels.png and fps.mp4 cannot be read.');
    expect(messageForUser(path, command())).toBe(path.message);
    const config = new ConfigError('max_pixels of preprocessor_config.json is too small.');
    expect(messageForUser(config, command())).toBe(config.message);
  });
});
