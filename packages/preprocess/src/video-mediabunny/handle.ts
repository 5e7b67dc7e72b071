import { type AbortSignalLike, MediaError, throwIfAborted } from '@vlmkit/core';
import type { DecodedFrame, ReadFramesOptions, VideoHandle, VideoMetadata } from '../video/decoder.js';
import { checkIndices } from '../video/frame-lookup.js';
import { type Orientation, orientRgb } from '../video/orient.js';
import type { PictureReader } from './picture-reader.js';

/** The parts of an opened video. */
export interface HandleParts {
  /** Names the video in messages. */
  readonly label: string;
  readonly reader: PictureReader;
  readonly metadata: VideoMetadata;
  readonly timestamps: Float64Array;
  readonly orientation: Orientation;
  readonly close: () => void;
}

/** Joins the parts into a handle that decodes frames on demand. */
export function createHandle(parts: HandleParts): VideoHandle {
  return {
    metadata: parts.metadata,
    timestamps: parts.timestamps,
    frames: (indices, options = {}) => {
      checkIndices(indices, parts.timestamps.length);
      return readFrames(parts, { indices, options });
    },
    close: parts.close,
  };
}

interface ReadRequest {
  readonly indices: readonly number[];
  readonly options: ReadFramesOptions;
}

/** Decoders count in microseconds, files in ticks of their own. */
const tolerance = 2e-6;

async function* readFrames(
  { label, reader, timestamps, orientation }: HandleParts,
  { indices, options: { signal, onProgress } }: ReadRequest,
): AsyncGenerator<DecodedFrame, void, undefined> {
  throwIfAborted(signal);
  const wanted = [...new Set(indices)];
  const starts = wanted.map((index) => timestamps[index]!);
  const pictures = reader.read(starts)[Symbol.asyncIterator]();
  let done = 0;
  try {
    for (const [i, index] of wanted.entries()) {
      const start = starts[i]!;
      const picture = await nextPicture(pictures, { label, index, start, signal });
      throwIfAborted(signal);
      const frame = { ...orientRgb(picture, orientation), index, timestamp: start };
      for (; indices[done] === index; throwIfAborted(signal)) {
        done++;
        onProgress?.(done, indices.length);
        yield frame;
      }
    }
  } finally {
    await pictures.return?.();
  }
}

interface Expected {
  readonly label: string;
  readonly index: number;
  readonly start: number;
  readonly signal: AbortSignalLike | undefined;
}

async function nextPicture<T extends { readonly timestamp: number }>(
  pictures: AsyncIterator<T>,
  { label, index, start, signal }: Expected,
): Promise<T> {
  const where = `Frame ${index} of ${label}, at ${start.toFixed(3)} s, cannot be decoded.`;
  const remedy =
    'The file is damaged there: choose another part with videoStart and videoEnd, or repair or convert the file.';
  const result = await pictures.next().catch((cause: unknown) => {
    throwIfAborted(signal);
    throw new MediaError(where, { ...(cause instanceof Error && { actual: cause.message }), remedy, cause });
  });
  if (result.done || Math.abs(result.value.timestamp - start) > tolerance) throw new MediaError(where, { remedy });
  return result.value;
}
