import { MediaError } from '@vlmkit/core';
import { expect, test, vi } from 'vitest';
import { createSharpDecoder } from './sharp-decoder.js';

vi.mock('sharp', () => {
  throw new Error("Cannot find package 'sharp'");
});

test('without sharp, the error says what to install', async () => {
  const error = await createSharpDecoder()
    .decode(Uint8Array.of(1))
    .catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(MediaError);
  expect(error).toMatchObject({ remedy: 'Run `npm install sharp`.' });
});
