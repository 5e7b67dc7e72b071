import type { EncodedPacket, EncodedPacketSink, InputVideoTrack } from 'mediabunny';
import type { PictureReader } from '../video-mediabunny/picture-reader.js';
import { createAvDecoder } from './av-decoder.js';
import type { VideoLibraries } from './libraries.js';
import { createSwscaleConverter } from './swscale-converter.js';

/** Reads frames with FFmpeg: from each key packet on, only as far as the last frame wanted after it. */
export function createAvPictureReader({ mediabunny, av }: VideoLibraries, track: InputVideoTrack): PictureReader {
  return {
    async *read(timestamps) {
      const sink = new mediabunny.EncodedPacketSink(track);
      const decoder = await createAvDecoder(av, track);
      const converter = createSwscaleConverter(av);
      try {
        for await (const { key, lastSequence, wanted } of groupByKeyPacket(sink, timestamps)) {
          let packet: EncodedPacket | null = key;
          while (packet !== null) {
            for await (const frame of decoder.decode(packet)) {
              const timestamp = wanted.get(Number(frame.pts));
              if (timestamp !== undefined) yield { ...(await converter.toRgb(frame)), timestamp };
            }
            packet = packet.sequenceNumber < lastSequence ? await sink.getNextPacket(packet) : null;
          }
          for await (const frame of decoder.drain()) {
            const timestamp = wanted.get(Number(frame.pts));
            if (timestamp !== undefined) yield { ...(await converter.toRgb(frame)), timestamp };
          }
        }
      } finally {
        decoder.close();
        converter.close();
      }
    },
  };
}

/** Frames that are decoded from one key packet. */
interface Group {
  readonly key: EncodedPacket;
  /** Sequence number of the last packet needed. */
  readonly lastSequence: number;
  /** Starts in seconds by starts in microseconds, which decoders count in. */
  readonly wanted: ReadonlyMap<number, number>;
}

async function* groupByKeyPacket(
  sink: EncodedPacketSink,
  timestamps: readonly number[],
): AsyncGenerator<Group, void, undefined> {
  let group: { key: EncodedPacket; lastSequence: number; wanted: Map<number, number> } | undefined;
  for (const timestamp of timestamps) {
    const packet = await sink.getPacket(timestamp, { metadataOnly: true });
    const key = await sink.getKeyPacket(timestamp, { verifyKeyPackets: true });
    if (packet === null || key === null) continue;
    if (group !== undefined && group.key.sequenceNumber !== key.sequenceNumber) {
      yield group;
      group = undefined;
    }
    group ??= { key, lastSequence: key.sequenceNumber, wanted: new Map() };
    group.lastSequence = Math.max(group.lastSequence, packet.sequenceNumber);
    group.wanted.set(packet.microsecondTimestamp, timestamp);
  }
  if (group !== undefined) yield group;
}
