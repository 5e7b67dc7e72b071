import { MediaError, throwIfAborted } from '@vlmkit/core';
import type { AnimationFrame, DecodeFramesOptions } from '../image-decoder.js';
import type { RgbImage } from '../rgb-image.js';
import type { OpenPicture } from './open-picture.js';
import { readRgb, readUpright } from './read-rgb.js';

/** Most pixels decoded at once: frames of an animation come in one tall picture. */
const batchPixels = 2 ** 24;

/**
 * Decodes frames of an animation.
 *
 * @throws MediaError when a frame is damaged or the selection is not a list of ascending positions.
 * @throws AbortError when the signal is aborted between batches.
 */
export async function readFrames(
  picture: OpenPicture,
  { select, signal }: DecodeFramesOptions,
): Promise<readonly AnimationFrame[]> {
  const times = frameTimes(picture);
  const timestamps = times.map(({ timestamp }) => timestamp);
  const positions = select ? select(timestamps) : timestamps.map((_, i) => i);
  checkPositions(picture, positions);
  if (times.length === 1)
    return Promise.all(positions.map(async () => ({ image: await readUpright(picture), ...times[0]! })));
  const frames: AnimationFrame[] = [];
  for (const batch of batches(picture, positions)) {
    throwIfAborted(signal);
    const images = await readBatch(picture, batch);
    frames.push(...batch.map((position, i) => ({ image: images[i]!, ...times[position]! })));
  }
  return frames;
}

/** When each frame appears and for how long, in seconds. */
function frameTimes({ metadata, format }: OpenPicture): readonly Omit<AnimationFrame, 'image'>[] {
  const { pages = 1, delay = [] } = metadata;
  const isAnimation = (format === 'gif' || format === 'webp') && pages > 1;
  if (!isAnimation) return [{ timestamp: 0, duration: 0 }];
  let milliseconds = 0;
  return Array.from({ length: pages }, (_, i) => {
    const timestamp = milliseconds / 1000;
    // Browsers show frames that state hardly any time for a tenth of a second; files rely on it.
    const shown = (delay[i] ?? 0) > 10 ? delay[i]! : 100;
    milliseconds += shown;
    return { timestamp, duration: shown / 1000 };
  });
}

function checkPositions({ label, metadata }: OpenPicture, positions: readonly number[]): void {
  const count = metadata.pages ?? 1;
  const valid = positions.every(
    (position, i) =>
      Number.isInteger(position) && position >= 0 && position < count && position >= (positions[i - 1] ?? 0),
  );
  if (valid) return;
  throw new MediaError(`The frames chosen from ${label} cannot be read.`, {
    expected: `ascending positions from 0 to ${count - 1}`,
    actual: JSON.stringify(positions),
  });
}

/** Groups positions so that the frames from a group's first to its last fit the budget. */
function batches({ metadata }: OpenPicture, positions: readonly number[]): readonly (readonly number[])[] {
  const { width, pageHeight = metadata.height } = metadata;
  const span = Math.max(1, Math.floor(batchPixels / (width * pageHeight)));
  const groups: number[][] = [];
  for (const position of positions) {
    const group = groups.at(-1);
    if (group && position - group[0]! < span) group.push(position);
    else groups.push([position]);
  }
  return groups;
}

async function readBatch(picture: OpenPicture, positions: readonly number[]): Promise<readonly RgbImage[]> {
  const first = positions[0]!;
  const tall = await readRgb(picture, picture.read({ page: first, pages: positions.at(-1)! - first + 1 }));
  const { width } = tall;
  const { height: frameHeight, pageHeight: height = frameHeight } = picture.metadata;
  const length = width * height * 3;
  return positions.map((position) => {
    const start = (position - first) * length;
    return { width, height, data: tall.data.slice(start, start + length) };
  });
}
