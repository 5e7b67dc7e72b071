import { parentPort } from 'node:worker_threads';
import { patchify } from '../patchify.js';
import { preprocessImage } from '../preprocess-image.js';
import { resizeBicubic } from '../resize-bicubic.js';
import { createSharpDecoder } from '../sharp/index.js';
import { type Answer, type Job, packError } from './protocol.js';

/* A preprocessing thread: does one job at a time and hands the result's memory over. */

parentPort?.on('message', async (job: Job) => {
  try {
    const { output, memory } = await work(job);
    parentPort?.postMessage({ output } satisfies Answer, [memory]);
  } catch (error) {
    parentPort?.postMessage({ error: packError(error) } satisfies Answer);
  }
});

/** What a job gave. */
interface Result {
  readonly output: Extract<Answer, { readonly output: unknown }>['output'];
  /** The output's memory, which this thread has no further use for. */
  readonly memory: ArrayBuffer;
}

async function work(job: Job): Promise<Result> {
  switch (job.kind) {
    case 'image': {
      const { source, name, limits, options } = job.input;
      const image = await createSharpDecoder(limits).decode(source, { name });
      const output = preprocessImage(image, options);
      return { output, memory: output.patches.data.buffer as ArrayBuffer };
    }
    case 'resize': {
      const output = resizeBicubic(job.input.image, job.input.size);
      return { output, memory: output.data.buffer as ArrayBuffer };
    }
    case 'patchify': {
      const output = patchify(job.input.frames, job.input.options);
      return { output, memory: output.patches.data.buffer as ArrayBuffer };
    }
  }
}
