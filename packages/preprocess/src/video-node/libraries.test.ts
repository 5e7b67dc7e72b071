import { MediaError } from '@vlmkit/core';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { loadVideoLibraries } from './libraries.js';

afterEach(() => {
  vi.doUnmock('node-av');
});

describe('loadVideoLibraries', () => {
  it('says what to install where the decoder is missing', async () => {
    vi.doMock('node-av', () => {
      throw new Error('not found');
    });
    const loading = loadVideoLibraries();
    await expect(loading).rejects.toThrow(MediaError);
    await expect(loading).rejects.toThrow(/npm install mediabunny node-av/);
  });
});
