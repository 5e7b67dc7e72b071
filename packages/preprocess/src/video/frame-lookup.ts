import { MediaError } from '@vlmkit/core';

/**
 * The frame shown at each time: the last one that starts at or before it, or the first frame for earlier times.
 *
 * @param timestamps Starts of all frames in seconds, ascending.
 * @param times Seconds into the video.
 * @throws MediaError when the video has no frames or a time is not a number.
 */
export function indicesAtTimes(timestamps: Float64Array, times: readonly number[]): readonly number[] {
  if (timestamps.length === 0) throw new MediaError('The video has no frames.');
  return times.map((time) => {
    if (Number.isNaN(time)) throw new MediaError('A time is not a number.', { expected: 'seconds' });
    let low = 0;
    let high = timestamps.length - 1;
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if (timestamps[middle]! <= time) low = middle;
      else high = middle - 1;
    }
    return low;
  });
}

/** Refuses indices that a video does not have or that run backwards. */
export function checkIndices(indices: readonly number[], frameCount: number): void {
  indices.forEach((index, i) => {
    if (!Number.isInteger(index) || index < 0 || index >= frameCount) {
      throw new MediaError(`The video has no frame ${index}.`, {
        expected: `a whole number from 0 to ${frameCount - 1}`,
      });
    }
    if (i > 0 && index < indices[i - 1]!) {
      throw new MediaError('Frames are asked for out of order.', {
        expected: 'ascending indices',
        actual: `${index} after ${indices[i - 1]}`,
      });
    }
  });
}
