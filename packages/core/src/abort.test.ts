import { describe, expect, it } from 'vitest';
import { unlessAborted } from './abort.js';
import { AbortError } from './errors.js';

const never = new Promise<never>(() => undefined);

describe('unlessAborted', () => {
  it('gives the result of the work, and its failure', async () => {
    const { signal } = new AbortController();
    expect(await unlessAborted(Promise.resolve(3), undefined)).toBe(3);
    expect(await unlessAborted(Promise.resolve(3), signal)).toBe(3);
    await expect(unlessAborted(Promise.reject(new Error('no memory')), signal)).rejects.toThrow('no memory');
  });

  it('ends at once when the platform’s signal is aborted, also before it began', async () => {
    const controller = new AbortController();
    const waiting = unlessAborted(never, controller.signal);
    controller.abort();
    await expect(waiting).rejects.toThrow(AbortError);
    const failing = Promise.reject(new Error('nobody hears of it'));
    await expect(unlessAborted(failing, controller.signal)).rejects.toThrow(AbortError);
  });

  it('looks again after the work where a signal does not tell', async () => {
    const signal = { aborted: false };
    const waiting = unlessAborted(
      Promise.resolve().then(() => {
        signal.aborted = true;
      }),
      signal,
    );
    await expect(waiting).rejects.toThrow(AbortError);
  });
});
