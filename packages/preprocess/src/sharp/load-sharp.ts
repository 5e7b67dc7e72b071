import { MediaError } from '@vlmkit/core';

/** The decoding library, loaded when the first picture asks for it. @throws MediaError when it is not installed. */
export async function loadSharp(): Promise<typeof import('sharp').default> {
  try {
    return (await import('sharp')).default;
  } catch (cause) {
    throw new MediaError('Pictures cannot be decoded without sharp.', { remedy: 'Run `npm install sharp`.', cause });
  }
}
