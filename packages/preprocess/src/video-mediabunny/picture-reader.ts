import type { PixelSize } from '@vlmkit/core';
import type { InputVideoTrack } from 'mediabunny';

/** A decoded frame in RGB, in the orientation it is coded in. */
export interface CodedPicture extends PixelSize {
  /** [height, width, 3] without padding. */
  readonly data: Uint8Array;
  /** Seconds at which the frame starts. */
  readonly timestamp: number;
}

/** Decodes a track's frames with what the platform has. */
export interface PictureReader {
  /**
   * Decodes the frames that start at these times, one when the consumer asks for it. Frames that the decoder does not
   * give are left out.
   *
   * @param timestamps Starts of frames in seconds, ascending without repeats.
   */
  read(timestamps: readonly number[]): AsyncIterable<CodedPicture>;
}

/** What differs between platforms. */
export interface VideoPlatform {
  /** Whether the platform has a decoder for the track's codec. */
  canDecode(track: InputVideoTrack): Promise<boolean>;
  createReader(track: InputVideoTrack): PictureReader;
  /** What to do about a codec that this platform lacks. */
  readonly codecRemedy: string;
}
