import { type AbortSignalLike, MediaError, throwIfAborted } from '@vlmkit/core';
import type { Input, InputVideoTrack, Source } from 'mediabunny';
import type { VideoHandle } from '../video/decoder.js';
import { readableContainers } from '../video/not-a-video.js';
import { orientedSize } from '../video/orient.js';
import { readFrameTable } from './frame-table.js';
import { createHandle } from './handle.js';
import type { Mediabunny } from './library.js';
import type { VideoPlatform } from './picture-reader.js';

/** What to open, and with what. */
export interface OpenRequest {
  readonly library: Mediabunny;
  readonly platform: VideoPlatform;
  readonly source: Source;
  /** Names the source in messages. */
  readonly label: string;
  readonly signal?: AbortSignalLike;
}

/**
 * Opens a video: mediabunny reads the container, the platform decodes.
 *
 * @throws MediaError when it is unreadable, holds no video, or its codec cannot be decoded here.
 * @throws AbortError when the signal is aborted.
 */
export async function openVideo(request: OpenRequest): Promise<VideoHandle> {
  const { library, platform, label } = request;
  const input = new library.Input({ source: request.source, formats: library.ALL_FORMATS });
  try {
    const track = await findTrack(input, platform, label);
    const table = await readFrameTable(library, track, request.signal);
    if (table.timestamps.length === 0) {
      throw new MediaError(`${label} has a video track without frames.`, {
        remedy: 'The file may be cut off; check that it is complete.',
      });
    }
    const orientation = { rotation: await track.getRotation(), flip: await track.getFlip() };
    const coded = { width: await track.getCodedWidth(), height: await track.getCodedHeight() };
    return createHandle({
      label,
      reader: platform.createReader(track),
      timestamps: table.timestamps,
      orientation,
      metadata: {
        codec: (await track.getCodec()) ?? 'unknown',
        frameCount: table.timestamps.length,
        duration: table.duration,
        averageRate: table.averageRate,
        constantRate: table.constantRate,
        size: orientedSize(coded, orientation),
        rotation: orientation.rotation,
      },
      close: () => input.dispose(),
    });
  } catch (error) {
    input.dispose();
    throwIfAborted(request.signal);
    throw explainFailure(error, request);
  }
}

async function findTrack(input: Input, platform: VideoPlatform, label: string): Promise<InputVideoTrack> {
  const track = await input.getPrimaryVideoTrack();
  if (track === null) {
    throw new MediaError(`${label} holds no video track.`, {
      remedy: 'Give a file with moving pictures; if this one is, it may be cut off.',
    });
  }
  const codec = await track.getCodec();
  // Reading the configuration tells a damaged file from a codec that is not there.
  const config = codec === null ? null : await track.getDecoderConfig();
  if (config === null || !(await platform.canDecode(track))) {
    const name = codec ?? String(await track.getInternalCodecId());
    throw new MediaError(`${label} is encoded with ${name}, which cannot be decoded here.`, {
      expected: 'H.264, HEVC, VP8, VP9 or AV1, where the platform has a decoder',
      actual: config?.codec ?? name,
      remedy: platform.codecRemedy,
    });
  }
  return track;
}

/** Rewrites the library's errors so that they name the file and what to do. What fails in a file at hand is the file's fault. */
function explainFailure(error: unknown, { label, library, source }: OpenRequest): unknown {
  if (!(error instanceof Error) || error instanceof MediaError || error.name === 'AbortError') return error;
  const read = error instanceof library.UnsupportedInputFormatError || !(source instanceof library.UrlSource);
  return new MediaError(`${label} cannot be read as a video.`, {
    expected: readableContainers,
    actual: read ? 'no such container, or a damaged one' : error.message.replace(/\.$/, ''),
    remedy: read
      ? 'Save or download it again if it may be cut off, or convert it, for example with `ffmpeg -i FILE -c:v libx264 OUT.mp4`.'
      : 'Check the address, and that the file is complete.',
    cause: error,
  });
}
