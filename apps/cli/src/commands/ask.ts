import type { Message } from '@vlmkit/qwen-vl';
import { Command } from 'commander';
import { type GenerationOptions, withGenerationOptions } from '../generation-options.js';
import { type JsonOptions, withJsonOptions } from '../json-options.js';
import { requireMedia } from '../media-files.js';
import { type ModelOptions, withModel, withModelOptions } from '../model-options.js';
import { withOptions } from '../option-groups.js';
import { imagePart, type PixelOptions, withPixelOptions } from '../pixel-options.js';
import { createProgress } from '../progress.js';
import { requireQuestion } from '../question.js';
import { printAnswer } from '../show-answer.js';

/** `vlmkit ask IMAGE "question"` */
export function askCommand(): Command {
  const command = new Command('ask')
    .description('Ask a question about a picture.')
    .argument('<image>', 'path, URL or data URL of the picture')
    .argument('<question>', 'what to ask');
  return withOptions(command, withModelOptions, withPixelOptions, withGenerationOptions, withJsonOptions).action(
    askAboutImage,
  );
}

/** Asks about one picture, streaming the answer to stdout and figures to stderr. */
export async function askAboutImage(
  image: string,
  question: string,
  options: ModelOptions & PixelOptions & GenerationOptions & JsonOptions,
): Promise<void> {
  requireQuestion(question, 'Ask something, or use `vlmkit describe`.');
  const messages: Message[] = [
    {
      role: 'user',
      content: [imagePart(image, options), { type: 'text', text: question }],
    },
  ];
  await requireMedia(messages);
  const progress = createProgress(options);
  await withModel({ ...options, progress }, async (open) => {
    await printAnswer(open, messages, { options, progress });
  });
}
