import { MediaError } from '@vlmkit/core';

/** The decoding library as a function. */
export type SharpModule = typeof import('sharp').default;

/**
 * Loads the decoding library, which is an optional install, when the first picture asks for it.
 *
 * @throws MediaError when it is not installed or does not run here.
 */
export async function loadSharp(): Promise<SharpModule> {
  try {
    return (await import('sharp')).default;
  } catch (cause) {
    throw new MediaError('Pictures cannot be decoded without the library sharp.', {
      expected: 'sharp to be installed beside @vlmkit/preprocess',
      actual: cause instanceof Error ? cause.message.split('\n')[0]! : String(cause),
      remedy: 'Run `npm install sharp`.',
      cause,
    });
  }
}
