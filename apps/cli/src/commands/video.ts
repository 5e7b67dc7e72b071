import type { RgbImage } from '@vlmkit/preprocess';
import { drawContactSheet } from '@vlmkit/preprocess/video-node';
import type { ContentPart, Message } from '@vlmkit/qwen-vl';
import { Command } from 'commander';
import { type ClipOptions, clipPart, withClipOptions } from '../clip-options.js';
import { errColors } from '../colors.js';
import { requireDistinct } from '../distinct-paths.js';
import { drawnFormat, inFormat } from '../draw-grounding.js';
import { type GenerationOptions, withGenerationOptions } from '../generation-options.js';
import { type JsonOptions, withJsonOptions } from '../json-options.js';
import { mediaPaths, requireMedia } from '../media-files.js';
import { type ModelOptions, withModel, withModelOptions } from '../model-options.js';
import { withOptions } from '../option-groups.js';
import { createProgress } from '../progress.js';
import { requireQuestionAfterFiles } from '../question.js';
import { printAnswer } from '../show-answer.js';
import { requireWritable, writeWhole } from '../write-whole.js';

interface VideoOptions extends ModelOptions, GenerationOptions, ClipOptions, JsonOptions {
  readonly sheet?: string;
}

/** `vlmkit video CLIP "question"` */
export function videoCommand(): Command {
  const command = new Command('video')
    .description('Ask about a clip; times in the answer come back as seconds.')
    .argument('<files...>', 'a video file, a folder of frames, or the frames in order, and the question last')
    .option('--sheet <file>', 'write a contact sheet of the frames that the model saw, .png, .jpg or .webp');
  return withOptions(command, withClipOptions, withModelOptions, withGenerationOptions, withJsonOptions).action(
    askAboutClip,
  );
}

async function askAboutClip(args: readonly string[], options: VideoOptions): Promise<void> {
  const [question, files] = args.length > 1 ? [args.at(-1)!, args.slice(0, -1)] : ['Describe this video.', args];
  await requireQuestionAfterFiles(question);
  const content: ContentPart[] = [await clipPart(files, options), { type: 'text', text: question }];
  const messages: Message[] = [{ role: 'user', content }];
  const format = options.sheet === undefined ? undefined : drawnFormat(options.sheet, '--sheet');
  await requireMedia(messages);
  await requireDistinct([{ flag: '--sheet', path: options.sheet }], mediaPaths(messages));
  await requireWritable(options.sheet);
  const progress = createProgress(options);
  const clips: { frames: readonly RgbImage[]; timestamps: readonly number[] }[] = [];
  await withModel({ ...options, progress, onClip: (clip) => clips.push(clip) }, async (open) => {
    const answer = await printAnswer(open, messages, { options, progress });
    for (const { start, end } of options.json ? [] : answer.times) {
      process.stdout.write(start === end ? `at ${start} s\n` : `from ${start} s to ${end} s\n`);
    }
    const clip = clips[0];
    if (options.sheet && format && clip) {
      await writeWhole(options.sheet, await inFormat(await drawContactSheet(clip), format));
      process.stderr.write(`${errColors.green('✔')} Wrote ${options.sheet}\n`);
    }
  });
}
