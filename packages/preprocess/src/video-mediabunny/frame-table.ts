import { type AbortSignalLike, throwIfAborted } from '@vlmkit/core';
import type { InputVideoTrack } from 'mediabunny';
import type { Mediabunny } from './library.js';

/** When the frames of a track are shown. */
export interface FrameTable {
  /** Starts in seconds, ascending. */
  readonly timestamps: Float64Array;
  /** Seconds from the first start to the last end. */
  readonly duration: number;
  readonly averageRate: number;
  readonly constantRate: boolean;
}

/** Packets probed for the rate that the frames' times lie on. */
const probedPackets = 256;

/** Lists the frames of a track from its packets' headers; containers often state no count, or a wrong one. */
export async function readFrameTable(
  library: Mediabunny,
  track: InputVideoTrack,
  signal: AbortSignalLike | undefined,
): Promise<FrameTable> {
  const times: number[] = [];
  let end = 0;
  const sink = new library.EncodedPacketSink(track);
  for await (const packet of sink.packets(undefined, undefined, { metadataOnly: true })) {
    throwIfAborted(signal);
    const packetEnd = packet.timestamp + packet.duration;
    // Frames that end before time zero are cut off by the file's edit list: decoded, but never shown.
    if (packet.timestamp < 0 && packetEnd <= 0) continue;
    times.push(packet.timestamp);
    end = Math.max(end, packetEnd);
  }
  const timestamps = Float64Array.from(times).sort();
  const first = timestamps[0] ?? 0;
  const duration = end - first;
  if (timestamps.length < 2) {
    return { timestamps, duration, averageRate: duration > 0 ? timestamps.length / duration : 0, constantRate: false };
  }
  const { underlyingFrameRate } = await track.computeFrameRateMetrics({ targetPacketCount: probedPackets });
  const tick = 1 / (await track.getTimeResolution());
  const constantRate = underlyingFrameRate !== null && isRegular(timestamps, underlyingFrameRate, tick);
  // A constant rate is exact where the container's times, and the last frame's duration, are rounded.
  return constantRate
    ? { timestamps, duration: timestamps.length / underlyingFrameRate, averageRate: underlyingFrameRate, constantRate }
    : { timestamps, duration, averageRate: timestamps.length / duration, constantRate };
}

/** Whether every frame starts where `rate` puts it, within the container's rounding of times. */
function isRegular(timestamps: Float64Array, rate: number, tick: number): boolean {
  const first = timestamps[0]!;
  return timestamps.every((time, i) => Math.abs(time - first - i / rate) <= 1.5 * tick);
}
