import type { InputVideoTrack } from 'mediabunny';
import type { Mediabunny } from '../video-mediabunny/library.js';
import type { PictureReader } from '../video-mediabunny/picture-reader.js';
import { sampleToRgb } from './sample-to-rgb.js';

/** Reads frames with the browser's WebCodecs decoder. */
export function createSamplePictureReader(library: Mediabunny, track: InputVideoTrack): PictureReader {
  return {
    async *read(timestamps) {
      const { matrix, fullRange } = await track.getColorSpace();
      const color = { matrix: matrix ?? null, fullRange: fullRange ?? false };
      const sink = new library.VideoSampleSink(track);
      for await (const sample of sink.samplesAtTimestamps(timestamps)) {
        if (sample === null) continue;
        const { timestamp } = sample;
        const picture = await sampleToRgb(sample, color).finally(() => sample.close());
        yield { ...picture, timestamp };
      }
    },
  };
}
