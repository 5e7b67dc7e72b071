import { MediaError, throwIfAborted } from '@vlmkit/core';
import type { AnimationFrame } from '../image-decoder.js';
import type { VideoHandle } from './decoder.js';
import { checkIndices } from './frame-lookup.js';

/**
 * The frames of an animated GIF or WebP as a video. The last frame is taken to last as long as the others on average.
 *
 * @param frames What an image decoder's `decodeFrames` gives, in order of time.
 * @throws MediaError when there are fewer than two frames.
 */
export function openAnimation(frames: readonly AnimationFrame[]): VideoHandle {
  const first = frames[0];
  const last = frames.at(-1);
  if (first === undefined || last === undefined || frames.length < 2 || !(last.timestamp > first.timestamp)) {
    throw new MediaError('The animation does not move.', {
      expected: 'at least two frames at different times',
      actual: `${frames.length} frame${frames.length === 1 ? '' : 's'}`,
      remedy: 'Use it as a picture instead.',
    });
  }
  const timestamps = Float64Array.from(frames, (frame) => frame.timestamp);
  const gap = (last.timestamp - first.timestamp) / (frames.length - 1);
  return {
    metadata: {
      codec: 'animation',
      frameCount: frames.length,
      duration: gap * frames.length,
      averageRate: 1 / gap,
      constantRate: timestamps.every((time, i) => Math.abs(time - first.timestamp - i * gap) < 1e-6),
      size: { width: first.image.width, height: first.image.height },
      rotation: 0,
    },
    timestamps,
    frames(indices, { signal, onProgress } = {}) {
      checkIndices(indices, frames.length);
      return (async function* () {
        let done = 0;
        for (const index of indices) {
          throwIfAborted(signal);
          const { width, height, data } = frames[index]!.image;
          onProgress?.(++done, indices.length);
          yield { width, height, data, index, timestamp: timestamps[index]! };
        }
      })();
    },
    close: () => {},
  };
}
