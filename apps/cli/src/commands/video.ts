import type { RgbImage } from '@vlmkit/preprocess';
import { drawContactSheet } from '@vlmkit/preprocess/video-node';
import type { ContentPart } from '@vlmkit/qwen-vl';
import { Command } from 'commander';
import pc from 'picocolors';
import { chatOptions, type GenerationOptions, withGenerationOptions } from '../generation-options.js';
import {
  type ModelOptions,
  nonNegativeNumber,
  positiveInteger,
  withModel,
  withModelOptions,
} from '../model-options.js';
import { createProgress } from '../progress.js';
import { showAnswer, summary } from '../show-answer.js';
import { writeWhole } from '../write-whole.js';

interface VideoOptions extends ModelOptions, GenerationOptions {
  readonly fps?: number;
  readonly nframes?: number;
  readonly start?: number;
  readonly end?: number;
  readonly sampleFps?: number;
  readonly sheet?: string;
}

/** `vlmkit video FILE "question"` */
export function videoCommand(): Command {
  const command = new Command('video')
    .description('Ask about a clip; times in the answer come back as seconds.')
    .argument('<files...>', 'a video file, or the pictures of its frames in order, and the question last')
    .option('--fps <x>', 'frames per second to sample (default: 2)', nonNegativeNumber)
    .option('--nframes <n>', 'frames to sample, whatever the duration', positiveInteger)
    .option('--start <s>', 'seconds into the file', nonNegativeNumber)
    .option('--end <s>', 'seconds into the file', nonNegativeNumber)
    .option('--sample-fps <x>', 'rate that a list of frames was sampled at (default: 2)', nonNegativeNumber)
    .option('--sheet <file>', 'write a contact sheet (PNG) of the frames that the model saw');
  return withGenerationOptions(withModelOptions(command)).action(askAboutClip);
}

async function askAboutClip(args: readonly string[], options: VideoOptions): Promise<void> {
  const question = args.length > 1 ? args.at(-1)! : 'Describe this video.';
  const files = args.length > 1 ? args.slice(0, -1) : args;
  const progress = createProgress();
  const clips: { frames: readonly RgbImage[]; timestamps: readonly number[] }[] = [];
  await withModel({ ...options, progress, onClip: (clip) => clips.push(clip) }, async ({ model }) => {
    const content = [clipPart(files, options), { type: 'text', text: question } as const];
    const answer = await showAnswer(model, [{ role: 'user', content }], { ...chatOptions(options), progress });
    for (const { start, end } of answer.times) {
      process.stdout.write(start === end ? `at ${start} s\n` : `from ${start} s to ${end} s\n`);
    }
    process.stderr.write(`${summary(answer)}\n`);
    const clip = clips[0];
    if (options.sheet && clip) {
      await writeWhole(options.sheet, await drawContactSheet(clip));
      process.stderr.write(`${pc.green('✔')} Wrote ${options.sheet}\n`);
    }
  });
}

function clipPart(files: readonly string[], { fps, nframes, start, end, sampleFps }: VideoOptions): ContentPart {
  return {
    type: 'video',
    video: files.length === 1 ? files[0]! : files,
    ...(fps !== undefined && { fps }),
    ...(nframes !== undefined && { nframes }),
    ...(start !== undefined && { video_start: start }),
    ...(end !== undefined && { video_end: end }),
    ...(sampleFps !== undefined && { sample_fps: sampleFps }),
  };
}
