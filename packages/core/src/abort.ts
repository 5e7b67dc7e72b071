import { AbortError } from './errors.js';

/** The part of the platform's AbortSignal that portable code relies on. */
export interface AbortSignalLike {
  readonly aborted: boolean;
}

/** @throws AbortError when `signal` has been aborted. */
export function throwIfAborted(signal: AbortSignalLike | undefined): void {
  if (signal?.aborted) throw new AbortError();
}

/** A signal that says when it is aborted, as the platform's own does. */
interface TellingSignal extends AbortSignalLike {
  addEventListener(type: 'abort', listener: () => void): void;
  removeEventListener(type: 'abort', listener: () => void): void;
}

/**
 * Waits for work that belongs to others too: an abort ends the waiting and leaves the work alone.
 *
 * @throws AbortError at once when the platform's AbortSignal is aborted; after the work when the signal can only be looked at.
 */
export async function unlessAborted<T>(work: Promise<T>, signal: AbortSignalLike | undefined): Promise<T> {
  if (!signal) return work;
  // Work that nobody waits for may fail unheard.
  work.catch(() => undefined);
  throwIfAborted(signal);
  const result = await (tells(signal) ? raceAbort(work, signal) : work);
  throwIfAborted(signal);
  return result;
}

function raceAbort<T>(work: Promise<T>, signal: TellingSignal): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const onAbort = () => reject(new AbortError());
    signal.addEventListener('abort', onAbort);
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}

function tells(signal: AbortSignalLike): signal is TellingSignal {
  return 'addEventListener' in signal && 'removeEventListener' in signal;
}
