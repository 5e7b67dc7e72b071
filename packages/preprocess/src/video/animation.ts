import { type AbortSignalLike, MediaError, throwIfAborted } from '@vlmkit/core';
import type { AnimationFrame, DecodeFramesOptions } from '../image-decoder.js';
import type { DecodedFrame, ReadFramesOptions, VideoHandle } from './decoder.js';
import { checkIndices } from './frame-lookup.js';

/** Decodes frames of one animated GIF or WebP: an image decoder's `decodeFrames`, bound to its source. */
export type DecodeAnimation = (options: DecodeFramesOptions) => Promise<readonly AnimationFrame[]>;

/** Full-size frames decoded at once. */
const batchSize = 16;

/**
 * An animated GIF or WebP as a video. Its rate is the average over the durations that the frames state.
 *
 * @throws MediaError when there are fewer than two frames, or as `decode` does.
 */
export async function openAnimation(
  decode: DecodeAnimation,
  { signal }: { readonly signal?: AbortSignalLike } = {},
): Promise<VideoHandle> {
  let timestamps = new Float64Array();
  const ends = await decode({
    select: (times) => {
      timestamps = Float64Array.from(times);
      return [0, times.length - 1];
    },
    signal,
  });
  const [first, last] = ends;
  const frameCount = timestamps.length;
  if (first === undefined || last === undefined || frameCount < 2) {
    throw new MediaError('The animation does not move.', {
      expected: 'at least two frames',
      actual: `${frameCount}`,
      remedy: 'Use it as a picture instead.',
    });
  }
  const duration = last.timestamp + last.duration - first.timestamp;
  const gap = duration / frameCount;
  return {
    metadata: {
      codec: 'animation',
      frameCount,
      duration,
      averageRate: frameCount / duration,
      constantRate: timestamps.every((time, i) => Math.abs(time - first.timestamp - i * gap) < 1e-6),
      size: { width: first.image.width, height: first.image.height },
      rotation: 0,
    },
    timestamps,
    frames: (indices, options = {}) => {
      checkIndices(indices, frameCount);
      return readAnimation(decode, indices, options);
    },
    close: () => {},
  };
}

async function* readAnimation(
  decode: DecodeAnimation,
  indices: readonly number[],
  { signal, onProgress }: ReadFramesOptions,
): AsyncGenerator<DecodedFrame, void, undefined> {
  for (let start = 0; start < indices.length; start += batchSize) {
    throwIfAborted(signal);
    const batch = indices.slice(start, start + batchSize);
    const frames = await decode({ select: () => batch, signal });
    for (const [i, { image, timestamp }] of frames.entries()) {
      throwIfAborted(signal);
      onProgress?.(start + i + 1, indices.length);
      const { width, height, data } = image;
      yield { width, height, data, index: batch[i]!, timestamp };
    }
  }
}

/** Whether a file's first bytes are those of a GIF or a WebP. */
export function isAnimationFile(head: Uint8Array): boolean {
  const text = String.fromCharCode(...head.subarray(0, 12));
  return text.startsWith('GIF8') || (text.startsWith('RIFF') && text.endsWith('WEBP'));
}
