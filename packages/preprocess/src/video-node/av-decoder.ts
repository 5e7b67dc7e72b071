import { availableParallelism } from 'node:os';
import { MediaError } from '@vlmkit/core';
import type { EncodedPacket, InputVideoTrack } from 'mediabunny';
import type { AVCodecID, Codec, Frame } from 'node-av';
import type { Av } from './libraries.js';

/** Frames that a decoder with this many threads holds at once stay few, whatever the machine. */
const mostThreads = 4;

/** FFmpeg's decoder for a track, or null where this build has none. */
export async function findAvCodec(av: Av, track: InputVideoTrack): Promise<Codec | null> {
  const ids: Readonly<Record<string, AVCodecID>> = {
    avc: av.AV_CODEC_ID_H264,
    hevc: av.AV_CODEC_ID_HEVC,
    vp8: av.AV_CODEC_ID_VP8,
    vp9: av.AV_CODEC_ID_VP9,
    av1: av.AV_CODEC_ID_AV1,
    prores: av.AV_CODEC_ID_PRORES,
  };
  const id = ids[(await track.getCodec()) ?? ''];
  return id === undefined ? null : av.Codec.findDecoder(id);
}

/** One software decoder of FFmpeg. The frames it yields are its own, and valid until the next step. */
export interface AvDecoder {
  /** Frames that a packet completes; their `pts` are in microseconds. */
  decode(packet: EncodedPacket): AsyncGenerator<Frame, void, undefined>;
  /** The frames still held back; afterwards decoding can start at any key packet. */
  drain(): AsyncGenerator<Frame, void, undefined>;
  close(): void;
}

/** Opens a decoder. @throws FFmpegError when the track's configuration is not valid. */
export async function createAvDecoder(av: Av, track: InputVideoTrack): Promise<AvDecoder> {
  const codec = await findAvCodec(av, track);
  const config = await track.getDecoderConfig();
  if (codec === null || config === null) throw new MediaError('The codec has no decoder here.');
  const context = new av.CodecContext();
  context.allocContext3(codec);
  context.width = config.codedWidth ?? 0;
  context.height = config.codedHeight ?? 0;
  context.threadCount = Math.min(mostThreads, availableParallelism());
  context.extraData = config.description === undefined ? null : toBuffer(config.description);
  // Strict: H.264 frames are reordered by what the stream may do, not by what it has done so far.
  const options = av.Dictionary.fromObject({ strict: av.FF_COMPLIANCE_STRICT });
  av.FFmpegError.throwIfError(await context.open2(codec, options), 'open the decoder');
  const frame = new av.Frame();
  frame.alloc();
  const packet = new av.Packet();
  packet.alloc();

  async function* receive(): AsyncGenerator<Frame, void, undefined> {
    for (;;) {
      const status = await context.receiveFrame(frame);
      if (status === av.AVERROR_EAGAIN || status === av.AVERROR_EOF) return;
      av.FFmpegError.throwIfError(status, 'decode a frame');
      yield frame;
    }
  }

  return {
    async *decode(encoded) {
      packet.isKeyframe = encoded.type === 'key';
      packet.data = Buffer.from(encoded.data.buffer, encoded.data.byteOffset, encoded.data.byteLength);
      packet.pts = BigInt(encoded.microsecondTimestamp);
      packet.dts = av.AV_NOPTS_VALUE;
      const status = await context.sendPacket(packet);
      packet.unref();
      av.FFmpegError.throwIfError(status, 'decode a packet');
      yield* receive();
    },
    async *drain() {
      av.FFmpegError.throwIfError(await context.sendPacket(null), 'drain the decoder');
      yield* receive();
      context.flushBuffers();
    },
    close() {
      context.freeContext();
      frame.free();
      packet.free();
    },
  };
}

function toBuffer(source: ArrayBufferLike | ArrayBufferView): Buffer {
  return ArrayBuffer.isView(source)
    ? Buffer.from(source.buffer, source.byteOffset, source.byteLength)
    : Buffer.from(source);
}
