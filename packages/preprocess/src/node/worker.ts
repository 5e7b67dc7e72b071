import { parentPort } from 'node:worker_threads';
import { preprocessImage } from '../preprocess-image.js';
import { resizeBicubic } from '../resize-bicubic.js';
import type { RgbImage } from '../rgb-image.js';
import { createSharpDecoder } from '../sharp/index.js';
import { cutClip } from '../video/cut-clip.js';
import { type Answer, type Job, memoryOf, type PictureFile, packError } from './protocol.js';

/* A preprocessing thread: does one job at a time and hands the result's memory over, as it has no further use for it. */

parentPort?.on('message', async (job: Job) => {
  try {
    const { output, memory } = await work(job);
    parentPort?.postMessage({ output } satisfies Answer, memory);
  } catch (error) {
    parentPort?.postMessage({ error: packError(error) } satisfies Answer);
  }
});

/** What a job gave, and the memory that it lies in. */
interface Result {
  readonly output: Extract<Answer, { readonly output: unknown }>['output'];
  readonly memory: ArrayBuffer[];
}

async function work(job: Job): Promise<Result> {
  switch (job.kind) {
    case 'image': {
      const output = preprocessImage(await decode(job.input), job.input.options);
      return { output, memory: memoryOf([output.patches]) };
    }
    case 'decode': {
      const { width, height, data } = await decode(job.input);
      // The library's own memory cannot be handed over.
      const output = { width, height, data: data.slice() };
      return { output, memory: memoryOf([output]) };
    }
    case 'resize': {
      const output = resizeBicubic(job.input.image, job.input.size);
      return { output, memory: memoryOf([output]) };
    }
    case 'cutClip': {
      const output = cutClip(job.input.frames, job.input.options);
      return { output, memory: memoryOf([output.patches, ...output.frames]) };
    }
  }
}

function decode({ source, name, limits }: PictureFile): Promise<RgbImage> {
  return createSharpDecoder(limits).decode(source, { name });
}
