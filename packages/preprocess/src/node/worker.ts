import { answerCalls } from '@vlmkit/threads';
import { preprocessImage } from '../preprocess-image.js';
import { resizeBicubic } from '../resize-bicubic.js';
import type { RgbImage } from '../rgb-image.js';
import { createSharpDecoder } from '../sharp/index.js';
import { cutClip } from '../video/cut-clip.js';
import { memoryOf, type PictureFile, type PreprocessCalls } from './protocol.js';

/* A preprocessing thread. It hands the memory of results over, as it has no further use for it. */

answerCalls<PreprocessCalls>(
  {
    image: async ({ options, ...file }) => preprocessImage(await decode(file), options),
    async decode(file) {
      const { width, height, data } = await decode(file);
      // The library's own memory cannot be handed over.
      return { width, height, data: data.slice() };
    },
    resize: ({ image, size }) => resizeBicubic(image, size),
    cutClip: ({ frames, options }) => cutClip(frames, options),
  },
  {
    image: ({ patches }) => memoryOf([patches]),
    decode: (image) => memoryOf([image]),
    resize: (image) => memoryOf([image]),
    cutClip: ({ patches, frames }) => memoryOf([patches, ...frames]),
  },
);

function decode({ source, name, limits }: PictureFile): Promise<RgbImage> {
  return createSharpDecoder(limits).decode(source, { name });
}
