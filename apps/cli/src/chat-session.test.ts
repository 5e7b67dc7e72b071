import { resolve } from 'node:path';
import { MediaError } from '@vlmkit/core';
import { samplesPath } from '@vlmkit/demo-model';
import type { Message } from '@vlmkit/qwen-vl';
import { afterEach, expect, it, vi } from 'vitest';
import { type ChatSession, takeLine } from './chat-session.js';
import { createProgress } from './progress.js';

const terminal = { once: vi.fn(), off: vi.fn() };
afterEach(() => vi.restoreAllMocks());

/** A session whose questions all fail with an error. */
function failing(error: Error, asked: (messages: readonly Message[]) => void = () => undefined): ChatSession {
  return {
    chat: {
      // biome-ignore lint/correctness/useYield: it fails before it yields.
      async *stream(messages) {
        asked(messages);
        throw error;
      },
      ask: () => Promise.reject(error),
      dispose: () => undefined,
    },
    options: {},
    limits: { maxPixels: 1000 },
    progress: createProgress({ json: true }),
    isInteractive: true,
    messageOf: ({ message }) => message,
    history: [],
    pending: [],
  };
}

it('lets go of the picture that cannot be read, and keeps the others', async () => {
  const stderr = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  const [good, bad] = ['shapes1.png', 'shapes2.png'].map((name) => resolve(samplesPath(), name));
  const asked = vi.fn();
  const session = failing(new MediaError(`${bad} is not a picture.`), asked);
  for (const path of [good, bad]) await takeLine(session, `/image "${path}"`, terminal);
  const shown = [good, bad].map((path) => ({ type: 'image', image: path, max_pixels: 1000 }));
  expect(session.pending).toEqual(shown);
  await takeLine(session, 'What is it?', terminal);
  expect(asked.mock.lastCall?.[0][0].content).toEqual([...shown, { type: 'text', text: 'What is it?' }]);
  expect(session.pending).toEqual(shown.slice(0, 1));
  expect(stderr.mock.calls.join()).toContain(`${bad} is not a picture.`);
});

it('lets go of all where the error names none', async () => {
  vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  const session = failing(new MediaError('minPixels is above maxPixels.'));
  await takeLine(session, `/image ${resolve(samplesPath(), 'shapes1.png')}`, terminal);
  await takeLine(session, 'What is it?', terminal);
  expect(session.pending).toEqual([]);
});

it('tells at once of a picture or clip that is not there', async () => {
  const stderr = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  const session = failing(new Error('unasked'));
  await takeLine(session, '/image gone.png', terminal);
  await takeLine(session, '/video gone.mp4', terminal);
  expect(session.pending).toEqual([]);
  expect(stderr.mock.calls.join()).toMatch(/gone\.png cannot be read.*gone\.mp4 cannot be read/s);
});
